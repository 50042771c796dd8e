"""A perceptual hash (pHash): images that look the same get hashes that differ in few bits, whatever their size or file.

An image is shrunk to 32 x 32; each of its 63 lowest DCT frequencies (8 x 8 without the constant) is above their median or
not. These are the bits of a uint64, whose lowest bit, the constant's, is 0. N or B images, C channels, H and W their size.
"""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from data.pictures.decode import Unreadable
from data.pictures.pictures import Pictures
from data.transforms.evaluation import area_weights

SIDE, LOW = 32, 8
LUMA = torch.tensor([0.299, 0.587, 0.114])
BLANK = 2.0  # standard deviation in levels; below it the bits are noise, and all blank images look alike
BLOCK = 1000  # images in memory at a time
THREADS = min(16, os.cpu_count() or 1)  # decoding releases the GIL
BASIS = np.cos(np.pi * np.arange(LOW)[:, None] * (np.arange(SIDE) + 0.5) / SIDE)  # DCT-II: (8, 32)
MIRROR = np.where(np.arange(LOW) % 2, -1, 1)  # mirroring an image flips the sign of its odd horizontal frequencies


@dataclass(frozen=True)
class Hashes:
    """Hashes uint64 (N,) of the images and of their mirror images; bool (N,): blank, and unreadable."""

    plain: np.ndarray
    mirrored: np.ndarray
    blank: np.ndarray
    unreadable: np.ndarray

    def __len__(self):
        return len(self.plain)

    @property
    def known(self) -> np.ndarray:
        """Indices of the images that can be compared: neither blank nor unreadable."""
        return np.flatnonzero(~(self.blank | self.unreadable))


def hashes(images: torch.Tensor | Pictures) -> Hashes:
    """Of images as `ImageData.arrays` returns them. An unreadable picture is flagged, not an error."""
    parts = []
    for small, read in with_progress(blocks(images), len(images)):
        waves = frequencies(small)
        blank = (small.std(axis=(1, 2)) < BLANK) & read
        parts.append((bits(waves), bits(waves * MIRROR), blank, ~read))
    empty = [np.zeros(0, kind) for kind in (np.uint64, np.uint64, bool, bool)]
    return Hashes(*(np.concatenate(column) for column in zip(empty, *parts, strict=True)))


def frequencies(small: np.ndarray) -> np.ndarray:
    """(N, 32, 32) -> the lowest (N, 8, 8) coefficients of the DCT-II, in mean levels."""
    # Rounded, so that a coefficient of 0 is 0 on every machine, and its bit the same.
    return (BASIS @ small @ BASIS.T / SIDE**2).round(3)


def bits(waves: np.ndarray) -> np.ndarray:
    """(N, 8, 8) -> uint64 (N,)."""
    waves = waves.reshape(-1, LOW * LOW)
    above = waves > np.median(waves[:, 1:], axis=1, keepdims=True)
    above[:, 0] = False
    return np.packbits(above, axis=1, bitorder="little").view("<u8")[:, 0].astype(np.uint64)


def blocks(images: torch.Tensor | Pictures) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Luma (B, 32, 32) of each block, 0 for an unreadable picture; bool (B,): could it be read?"""
    if isinstance(images, torch.Tensor):
        for block in images.split(BLOCK):
            yield shrunk(block).double().numpy(), np.ones(len(block), bool)
        return
    with ThreadPoolExecutor(THREADS) as threads:
        for first in range(0, len(images), BLOCK):
            part = range(first, min(first + BLOCK, len(images)))
            small = list(threads.map(lambda index: shrunk_picture(images, index), part))
            read = np.array([luma is not None for luma in small])
            small = [torch.zeros(SIDE, SIDE) if luma is None else luma for luma in small]
            yield torch.stack(small).double().numpy(), read


def shrunk_picture(pictures: Pictures, index: int) -> torch.Tensor | None:
    try:
        return shrunk(pictures.picture(index)[None])[0]
    except Unreadable:
        return None


def shrunk(images: torch.Tensor) -> torch.Tensor:
    """uint8 (B, H, W) or (B, C, H, W), grey or RGB -> luma float32 (B, 32, 32), by area averages."""
    levels = images.float()
    if images.ndim == 4:
        levels = torch.tensordot(levels, LUMA, ([1], [0])) if images.shape[1] == 3 else levels[:, 0]
    height, width = levels.shape[-2:]
    return weights(height) @ levels @ weights(width).T


@lru_cache(maxsize=4096)
def weights(length: int) -> torch.Tensor:
    return area_weights(length, SIDE, SIDE).float()


def with_progress(
    blocks: Iterator[tuple[np.ndarray, np.ndarray]], total: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The blocks; prints every minute how many images are done."""
    printed, done = time.monotonic(), 0
    for block in blocks:
        yield block
        done += len(block[0])
        if time.monotonic() - printed > 60:
            printed = time.monotonic()
            print(f"hashed {done:,} of {total:,} images", file=sys.stderr, flush=True)
