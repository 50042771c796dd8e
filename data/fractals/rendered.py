"""Fractals that behave like a tensor of images, rendered when they are indexed.

An image is a pure function of (seed, category, instance). B images of one index, N in all, S size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import get_worker_info

from data.disk.room import check_memory
from data.fractals.chaos_game import draw
from data.fractals.fractal_colors import colorize
from data.fractals.ifs import affine, candidates, search, varied, views
from data.fractals.lazy import LazyArray

PIXELS = 2**24  # rendered at once: limits the memory for anything but the images themselves


@dataclass(frozen=True, eq=False)
class Rendered:
    """Image k shows instances[k] of categories[k], whose system was accepted at attempts[k] (data.fractals.ifs.search).

    `rendered[indices]` is uint8 (B, 1, S, S), in color (B, 3, S, S), on the CPU, where batches are transformed. Nothing
    is cached.
    """

    seed: int
    categories: np.ndarray | LazyArray  # (N,)
    instances: np.ndarray | LazyArray  # (N,)
    attempts: np.ndarray | LazyArray  # (N,)
    size: int
    color: bool

    def __len__(self):
        return len(self.categories)

    def select(self, indices: Sequence[int]) -> "Rendered":
        """The images at `indices`, in that order."""
        names = ("categories", "instances", "attempts")
        return replace(self, **{name: getattr(self, name)[np.asarray(indices)] for name in names})

    def all(self) -> torch.Tensor:
        """Every image, rendered now: uint8 (N, S, S), in color (N, 3, S, S). ValueError if memory is short."""
        check_room(len(self), self.size, self.color)
        images = self[np.arange(len(self))]
        return images if self.color else images[:, 0]

    def __getitem__(self, indices: Sequence[int]) -> torch.Tensor:
        return self.drawn(np.asarray(indices), drawing_device())

    def drawn(self, indices: np.ndarray, device: str) -> torch.Tensor:
        """The images at `indices`, rendered on that device and returned on the CPU."""
        images = torch.empty(len(indices), 3 if self.color else 1, self.size, self.size, dtype=torch.uint8)
        step = max(1, PIXELS // self.size**2)
        for start in range(0, len(indices), step):
            images[start : start + step] = self.block(indices[start : start + step], device)
        return images

    def block(self, indices: np.ndarray, device: str) -> torch.Tensor:
        categories, instances = self.categories[indices], self.instances[indices]
        keys = self.seed, categories, instances
        systems = candidates(self.seed, categories, self.attempts[indices])
        tones = draw(affine(varied(systems, *keys), views(*keys)).to(device), self.size)
        return colorize(tones, *keys) if self.color else tones[:, None]


def check_room(count: int, size: int, color: bool) -> None:
    """ValueError if the memory is too small for so many images."""
    pixels = count * (3 if color else 1) * size**2
    check_memory(f"{count:,} fractals of {size} px", pixels, "categories, instances or image_size")


def drawing_device() -> str:
    # A worker process of a loader is forked, and CUDA does not work in a fork.
    return "cuda" if torch.cuda.is_available() and get_worker_info() is None else "cpu"


def rendered(
    seed: int,
    categories: np.ndarray,
    instances: np.ndarray,
    *,
    size: int,
    color: bool = False,
    attempts: np.ndarray | None = None,
) -> Rendered:
    """Images of these categories and instances (N,). attempts: of each image; None searches for them."""
    if attempts is None:
        unique, inverse = np.unique(categories, return_inverse=True)
        attempts = np.concatenate(list(search(seed, unique)))[inverse]
    return Rendered(seed, categories.astype(np.int32), instances.astype(np.int32), attempts, size, color)
