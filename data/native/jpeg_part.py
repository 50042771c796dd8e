"""Part of a JPEG decoded without the rest. Used only where it has the bits of torchvision's decoder, tried on first use.

H, W: height and width of the picture. h, w: of a box in it.
"""

import io
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint8, cast
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

from data.native.library import library

LIBRARY = Path(__file__).with_name("_jpeg_part")
Box = tuple[int, int, int, int]  # top, left, h, w
TRIED = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}  # how colours are sampled -> PIL's number for it


def decode_part(data: bytes, size: tuple[int, int], box: Box) -> torch.Tensor | None:
    """uint8 (3, h, w) of a file of `size` (H, W), as in the whole decode; None where only that can tell.

    That is so without the library, for unusual kinds of JPEG, and for files in which anything is damaged.
    """
    return call(data, size, box) if available() else None


@cache
def available() -> bool:
    """Was the library built, and does it agree with torchvision's decoder?"""
    return library(LIBRARY) is not None and all(agrees(data) for data in tried())


def call(data: bytes, size: tuple[int, int], box: Box) -> torch.Tensor | None:
    _, _, height, width = box
    pixels = torch.empty(height, width, 3, dtype=torch.uint8)
    failed = function()(data, len(data), *size, *box, cast(pixels.data_ptr(), POINTER(c_uint8)))
    return None if failed else pixels.permute(2, 0, 1)


@cache
def function():
    decode = library(LIBRARY).decode_part
    decode.argtypes = [c_char_p, c_size_t, *[c_int] * 6, POINTER(c_uint8)]
    return decode


def tried() -> list[bytes]:
    """A small picture of every kind that the library decodes."""
    levels = np.random.default_rng(0).integers(0, 256, (12, 18, 3), dtype=np.uint8)
    image = Image.fromarray(levels).resize((71, 47), Image.Resampling.BICUBIC)
    colours = [encoded(image, subsampling=number) for number in TRIED.values()]
    return [*colours, encoded(image, subsampling=2, progressive=True), encoded(image.convert("L"))]


def encoded(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def agrees(data: bytes) -> bool:
    whole = decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)
    size = tuple(whole.shape[1:])
    for box in ((0, 0, *size), (19, 23, 17, 21), (33, 41, 14, 30), (2, 1, 30, 40)):
        top, left, height, width = box
        part = call(data, size, box)
        if part is None or not torch.equal(part, whole[:, top : top + height, left : left + width]):
            return False
    return True
