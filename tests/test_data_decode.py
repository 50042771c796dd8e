"""Encoded pictures, sound and damaged: pixels, or one line that names the picture."""

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data.pictures.decode import Unreadable, decoded

ROOT = Path(__file__).resolve().parents[1]
KINDS = [
    ("RGB", "JPEG"),
    ("L", "JPEG"),
    ("CMYK", "JPEG"),
    ("RGB", "PNG"),
    ("P", "PNG"),
    ("RGBA", "PNG"),
    ("RGB", "WEBP"),
    ("P", "GIF"),
]


def encoded(mode, kind, size=(50, 40), **options):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    image = Image.fromarray(pixels, "RGBA" if mode != "CMYK" else "CMYK")
    image = image if mode in ("RGBA", "CMYK") else image.convert("RGB").convert(mode)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(("mode", "kind"), KINDS)
def test_every_kind_becomes_rgb(mode, kind):
    image = decoded(encoded(mode, kind), "x")
    assert (image.shape, image.dtype) == ((3, 40, 50), torch.uint8)
    assert image.float().std() > 10


def test_png_pixels_are_exact_and_jpeg_pixels_are_pils():
    sound = encoded("RGB", "PNG")
    assert torch.equal(decoded(sound, "x").permute(1, 2, 0), torch.from_numpy(np.array(Image.open(io.BytesIO(sound)))))
    lossy = encoded("RGB", "JPEG", quality=90)
    theirs = torch.from_numpy(np.array(Image.open(io.BytesIO(lossy))).astype(int))
    assert (decoded(lossy, "x").permute(1, 2, 0).int() - theirs).abs().max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("tag", range(1, 9))
def test_all_eight_exif_orientations(kind, tag):
    """An upright 4 x 6 field of four colours, stored as each tag says, comes back upright."""
    field = Image.new("RGB", (48, 32), (250, 0, 0))
    field.paste((0, 250, 0), (24, 0, 48, 16))
    field.paste((0, 0, 250), (0, 16, 24, 32))
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # tag -> PIL's operation that undoes what the tag asks for
    stored = field if tag == 1 else field.transpose(Image.Transpose(turn[tag]))
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = tag
    stored.save(file, kind, exif=exif)
    image = decoded(file.getvalue(), "x")
    assert image.shape == (3, 32, 48)
    assert [int(image[:, y, x].argmax()) for y, x in ((5, 5), (5, 40), (25, 5), (25, 40))] == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"cat.jpg is not a readable picture \(it is empty\)"),
        (b"<html>404</html>", r"cat.jpg is not a readable picture \(none of JPEG, PNG, WEBP, GIF, BMP, PPM\)"),
        (encoded("RGB", "JPEG")[:700], "cat.jpg is not a readable picture"),
        (encoded("RGB", "PNG")[:-200], "cat.jpg is not a readable picture"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(data, message):
    with pytest.raises(Unreadable, match=message) as raised:
        decoded(data, "cat.jpg")
    assert "\n" not in str(raised.value)


def test_several_pictures_in_one_file(tmp_path):
    frames = [Image.new("RGB", (8, 8), (k, 0, 0)) for k in (1, 200)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(Unreadable, match="x holds 2 pictures"):
        decoded((tmp_path / "x.gif").read_bytes(), "x")


LARGE = """
from PIL import Image
from data.pictures.decode import decoded
Image.MAX_IMAGE_PIXELS = 1000  # PIL warns above, as it does above 89 million; the picture has 2,000
print(tuple(decoded(open("large.png", "rb").read(), "x").shape))
"""


def test_a_picture_that_pil_finds_large_is_decoded_without_a_word(tmp_path):
    (tmp_path / "large.png").write_bytes(encoded("RGB", "PNG"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LARGE], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(3, 40, 50)\n", "")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # pytest puts its filters in place of ours
@pytest.mark.parametrize(("width", "height"), [(12_000, 12_000), (60_000, 60_000)])  # the second is beyond PIL's limit
def test_a_decompression_bomb_is_refused_before_it_is_decoded(width, height):
    """A few bytes that would take 432 MB and 10 GB: a small picture whose head says another size."""
    head = b"IHDR" + struct.pack(">2I", width, height) + encoded("RGB", "PNG")[24:29]
    data = encoded("RGB", "PNG")
    data = data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]
    with pytest.raises(Unreadable, match=r"^x is not a readable picture \([^)]*more than 134,217,728( pixels)?\)"):
        decoded(data, "x")


@pytest.mark.parametrize(("mode", "kind"), KINDS)
def test_damaged_files_are_pixels_or_one_line(mode, kind):
    """Fuzz: 200 files with flipped bytes or a cut end."""
    sound, drawn, refused = encoded(mode, kind), random.Random(0), 0
    for _ in range(200):
        data = bytearray(sound[: drawn.randrange(1, len(sound))] if drawn.random() < 0.2 else sound)
        for _ in range(drawn.randrange(1, 6)):
            data[drawn.randrange(min(len(data), drawn.choice((60, 700, 10**6))))] = drawn.randrange(256)
        try:
            image = decoded(bytes(data), "x")
            assert (image.dtype, image.shape[0]) == (torch.uint8, 3)
        except Unreadable as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused
