"""Grids of patches: how many fit an image, and tables of positions interpolated to another grid (Section 3.2).

A grid is (rows, columns); its places are numbered row by row.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from vit.models.choices import choose

MODES = {"bilinear": "bilinear", "bicubic": "bicubic"}


def pair(size):
    """(height, width) of an image; one number means a square."""
    return (size, size) if isinstance(size, int) else tuple(size)


def grid_of(image_size, patch):
    """Whole patches in an image; like the authors' code, what is left at the right and the bottom is dropped."""
    height, width = pair(image_size)
    if not 0 < patch <= min(height, width):
        raise ValueError(f"an image of {height} x {width} holds no patch of {patch} x {patch}")
    return height // patch, width // patch


def resize_positions(table, old, new, mode="bilinear"):
    """A (1, rows, D) table interpolated from the grid `old` to the grid `new` by location in the image.

    Corners are aligned, as in the authors' code, and a leading class row is kept untouched. Their scipy routine also
    zeroes the last row and column for some pairs of sizes (28 to 48 is one) by a rounding error: not repeated here.
    """
    class_rows = table.shape[1] - math.prod(old)
    if class_rows not in (0, 1):
        raise ValueError(f"a table of {table.shape[1]} rows does not fit a grid of {old}, with or without a class row")
    grid = table[:, class_rows:].transpose(1, 2).unflatten(2, old)  # (1, D, rows, columns)
    grid = F.interpolate(grid.double(), size=new, mode=choose(MODES, mode, "interpolation"), align_corners=True)
    return torch.cat([table[:, :class_rows], grid.flatten(2).transpose(1, 2).to(table.dtype)], dim=1)


def resized(table, old, new, mode):
    """The same for a parameter."""
    return nn.Parameter(resize_positions(table.detach(), old, new, mode))
