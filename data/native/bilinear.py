"""Bilinear resizing of one box of pixels. Used only where it has the bits of torch's kernel, tried on first use.

h, w: height and width of the box. S: the new size.
"""

from ctypes import c_int, c_ssize_t, c_void_p
from functools import cache
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from data.native.library import library

LIBRARY = Path(__file__).with_name("_bilinear")


def resize_into(new: torch.Tensor, box: torch.Tensor, truncate: bool) -> bool:
    """Writes the box, uint8 (3, h, w), into `new`, float32 (3, S, S); False, and nothing is written, where it cannot.

    truncate: to whole levels, computed in float64. The box has to lie in memory as decoders leave it, a pixel's colours
    side by side.
    """
    interleaved = box.stride(0) == 1 and box.stride(2) == 3 and len(box) == 3
    return interleaved and new.is_contiguous() and available() and call(new, box, truncate)


@cache
def available() -> bool:
    """Was the library built, has the processor fused multiply-add, and do the bits agree with torch's?"""
    return library(LIBRARY) is not None and all(
        agrees(size, truncate) for size in (16, 64) for truncate in (False, True)
    )


def call(new: torch.Tensor, box: torch.Tensor, truncate: bool) -> bool:
    _, height, width = box.shape
    return not function()(box.data_ptr(), box.stride(1), height, width, new.shape[-1], truncate, new.data_ptr())


@cache
def function():
    resize = library(LIBRARY).resize_bilinear
    resize.argtypes = [c_void_p, c_ssize_t, *[c_int] * 4, c_void_p]
    return resize


def agrees(size: int, truncate: bool) -> bool:
    box = torch.randint(0, 256, (37, 53, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)).permute(
        2, 0, 1
    )
    levels = box[None].to(torch.float64 if truncate else torch.float32)
    whole = interpolate(levels, (size, size), mode="bilinear", align_corners=False)[0]
    new = torch.empty(3, size, size)
    return call(new, box, truncate) and torch.equal(new, ((whole + 1e-9).floor() if truncate else whole).float())
