"""Augmentations of a whole batch at once, each a pure function of (seed, epoch, index) of its images.

They take images (B, C, S, S) of 0 .. 255, uint8 or float, with epochs and indices (B,), and return images of the same
shape, which may be those that they took, overwritten. Random crops of images of any size are in crops.py.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from data.draws import uniform
from data.transforms.color_jitter import color_jitter
from data.transforms.rand_augment import rand_augment
from data.transforms.random_erasing import random_erasing

FLIP, SHIFT_Y, SHIFT_X, CROP_AREA, CROP_RATIO, CROP_Y, CROP_X = range(7)  # streams of draws, none used twice
CUT_Y, CUT_X = 203, 204  # the numbers before them are those of color_jitter.py


def flip(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor:
    """Mirrors each image left to right with probability 1/2."""
    mirrored = torch.from_numpy(uniform(seed, epochs, indices, FLIP) < 0.5)
    return one_by_one(images, mirrored) if images.device.type == "cpu" else at_once(images, mirrored)


def one_by_one(images: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """Mirrors the images that `mirrored`, bool (B,), says, in place: on a CPU the others are better left alone."""
    for index in mirrored.nonzero().flatten().tolist():
        images[index] = images[index].flip(-1)
    return images


def at_once(images: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """The same as `one_by_one` in one call, for a GPU."""
    return torch.where(mirrored.to(images.device)[:, None, None, None], images.flip(-1), images)


def shift(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor:
    """Moves each image by whole pixels, -S//8 .. S//8 down and right; the border is filled with 0 (black)."""
    return pad_crop(images, seed, epochs, indices, images.shape[-1] // 8)


def pad_crop(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, reach: int) -> torch.Tensor:
    """A random S x S crop of the image padded by `reach` black pixels on each side, usual for CIFAR."""
    size = images.shape[-1]
    down, right = (
        torch.from_numpy(np.floor(uniform(seed, epochs, indices, stream) * (2 * reach + 1)).astype(np.int64)) - reach
        for stream in (SHIFT_Y, SHIFT_X)
    )
    windows = F.pad(images, [reach] * 4).unfold(2, size, 1).unfold(3, size, 1)  # (B, C, 2 reach + 1, 2 reach + 1, S, S)
    return windows[torch.arange(len(images)), :, reach - down, reach - right]


def crop(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor:
    """Random resized crop: 1/2 .. 1 of the area, aspect ratio 3/4 .. 4/3, bilinear; returns float images."""
    area = 0.5 + 0.5 * uniform(seed, epochs, indices, CROP_AREA)
    ratio = np.exp(math.log(4 / 3) * (2 * uniform(seed, epochs, indices, CROP_RATIO) - 1))
    height, width = np.minimum(1, np.sqrt(area / ratio)), np.minimum(1, np.sqrt(area * ratio))
    middle_y = (1 - height) * (2 * uniform(seed, epochs, indices, CROP_Y) - 1)
    middle_x = (1 - width) * (2 * uniform(seed, epochs, indices, CROP_X) - 1)
    zero = np.zeros_like(area)
    affine = np.stack([width, zero, middle_x, zero, height, middle_y], axis=1).reshape(-1, 2, 3)
    affine = torch.from_numpy(affine).float().to(images.device)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)


def cutout(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, reach: int) -> torch.Tensor:
    """Cutout: a square of `reach` x `reach`, centred anywhere in the image, becomes grey (127.5, which is 0 for the model)."""
    pixel = torch.arange(images.shape[-1])
    down, across = (
        covered(pixel, uniform(seed, epochs, indices, stream) * images.shape[-1], reach) for stream in (CUT_Y, CUT_X)
    )
    square = down[:, None, :, None] & across[:, None, None, :]
    return images.float().masked_fill(square.to(images.device), 127.5)


def covered(pixel: torch.Tensor, middle: np.ndarray, reach: int) -> torch.Tensor:
    """bool (B, S): is a pixel (S,) one of the `reach` around the middle (B,)?"""
    first = torch.from_numpy(np.floor(middle).astype(np.int64))[:, None] - reach // 2
    return (pixel >= first) & (pixel < first + reach)


AUGMENTATIONS = {
    "flip": flip,
    "shift": shift,
    "crop": crop,
    "pad_crop": pad_crop,
    "color": color_jitter,
    "cutout": cutout,
    "rand_augment": rand_augment,
    "random_erasing": random_erasing,
}
