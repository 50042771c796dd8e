"""Pictures whose pixels say their number, and tars of them, for tests of everything that reads archives."""

import io
import tarfile

from PIL import Image


def png(number, size=(4, 3)):
    """Every pixel says the number."""
    file = io.BytesIO()
    Image.new("RGB", size, (number % 256, number // 256, 7)).save(file, "PNG")
    return file.getvalue()


def number_of(image):
    """The number that a picture (3, H, W) says."""
    return int(image[0, 0, 0]) + 256 * int(image[1, 0, 0])


def numbers(pictures):
    return [number_of(image) for image in pictures[range(len(pictures))]]


def add(archive, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def tar(path, members, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", **options) as archive:
        for name, data in members.items():
            add(archive, name, data)
    return path
