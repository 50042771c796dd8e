"""Pictures that say their numbers, laid in folders, a tar or a zip, for tests of what people bring."""

import zipfile

import pytest
from archive_files import png, tar
from plain_data import PLAIN

from data import ImageFolder

COMMON = PLAIN | {"image_size": 4, "batch_size": 4, "resize": "vit_jax"}
FORMS = ["folders", "tar", "zip"]
TWO = [f"{name}/{k}.png" for name in ("cat", "dog") for k in range(5)]


def zipped(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def lay(root, split, names, form):
    """Pictures that say 0, 1, 2 ... under these names."""
    members = {name: png(k) for k, name in enumerate(names)}
    if form == "tar":
        return tar(root / f"{split}.tar", members)
    if form == "zip":
        return zipped(root / f"{split}.zip", members)
    for name, data in members.items():
        path = root / split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return None


def refused(line, error=ValueError, **options):
    """Both splits are set up, and one of them is refused with that line."""
    with pytest.raises(error, match=line) as raised:
        module = ImageFolder(folder="mine", **COMMON | options)
        module.setup("fit")
        module.setup("test")
    assert "\n" not in str(raised.value)
