"""Patch grids of images, and interpolation of position tables to another grid (Section 3.2).

A grid is (rows, columns), in raster order.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.choices import choose

ImageSize = int | Sequence[int]  # the side of a square, or (height, width)
MODES = {"bilinear": "bilinear", "bicubic": "bicubic"}


def pair(size: ImageSize) -> tuple[int, int]:
    """(height, width) of an image."""
    return (size, size) if isinstance(size, int) else tuple(size)


def grid_of(image_size: ImageSize, patch: int) -> tuple[int, int]:
    """Rows and columns of whole patches in an image; ValueError if there are none."""
    height, width = pair(image_size)
    if not 0 < patch <= min(height, width):
        raise ValueError(f"an image of {height} x {width} holds no patch of {patch} x {patch}")
    return height // patch, width // patch  # like the authors' code, drops the remainder at the right and bottom


def resize_positions(table: Tensor, old: Sequence[int], new: Sequence[int], mode: str = "bilinear") -> Tensor:
    """Interpolate a table (1, rows, D) from the grid `old` to the grid `new`; a leading class row is copied."""
    class_rows = table.shape[1] - math.prod(old)
    if class_rows not in (0, 1):
        raise ValueError(f"a table of {table.shape[1]} rows does not fit a grid of {old}, with or without a class row")
    grid = table[:, class_rows:].transpose(1, 2).unflatten(2, old)  # (1, D, rows, columns)
    # align_corners as in the authors' code. Their scipy.ndimage.zoom also zeroes the last row and column for some pairs
    # of sizes (28 to 48 is one) by a rounding error, which is not repeated here.
    grid = F.interpolate(grid.double(), size=new, mode=choose(MODES, mode, "interpolation"), align_corners=True)
    return torch.cat([table[:, :class_rows], grid.flatten(2).transpose(1, 2).to(table.dtype)], dim=1)


def resized_parameter(table: Tensor, old: Sequence[int], new: Sequence[int], mode: str) -> nn.Parameter:
    """resize_positions for a parameter."""
    return nn.Parameter(resize_positions(table.detach(), old, new, mode))
