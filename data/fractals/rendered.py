"""Fractals that behave like a tensor of images: drawn when they are asked for.

An image is a pure function of (seed, category, instance). B images asked for of N, S size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import get_worker_info

from data.disk.room import check_memory
from data.fractals.chaos_game import draw
from data.fractals.fractal_colors import coloured
from data.fractals.ifs import affine, candidates, search, varied, views
from data.fractals.lazy import WorkedOut

PIXELS = 2**24  # of the images of one call: the memory that is needed besides the images themselves


@dataclass(frozen=True, eq=False)
class Rendered:
    """Image k shows instances[k] of categories[k], whose system was accepted at attempts[k] (data.ifs.search).

    `rendered[indices]` is uint8 (B, 1, S, S), in colour (B, 3, S, S), and lies on the CPU, where the rest of a batch
    is prepared. Nothing that was drawn is kept.
    """

    seed: int
    categories: np.ndarray | WorkedOut  # (N,)
    instances: np.ndarray | WorkedOut  # (N,)
    attempts: np.ndarray | WorkedOut  # (N,)
    size: int
    colour: bool

    def __len__(self):
        return len(self.categories)

    def only(self, indices: Sequence[int]) -> "Rendered":
        """Those, in that order."""
        names = ("categories", "instances", "attempts")
        return replace(self, **{name: getattr(self, name)[np.asarray(indices)] for name in names})

    def all(self) -> torch.Tensor:
        """Every image, drawn now: uint8 (N, S, S), in colour (N, 3, S, S). ValueError where there is no memory for them."""
        check_room(len(self), self.size, self.colour)
        images = self[np.arange(len(self))]
        return images if self.colour else images[:, 0]

    def __getitem__(self, indices: Sequence[int]) -> torch.Tensor:
        return self.drawn(np.asarray(indices), drawing_device())

    def drawn(self, indices: np.ndarray, device: str) -> torch.Tensor:
        """The images at `indices` by that device, and then on the CPU."""
        images = torch.empty(len(indices), 3 if self.colour else 1, self.size, self.size, dtype=torch.uint8)
        step = max(1, PIXELS // self.size**2)
        for start in range(0, len(indices), step):
            images[start : start + step] = self.block(indices[start : start + step], device)
        return images

    def block(self, indices: np.ndarray, device: str) -> torch.Tensor:
        categories, instances = self.categories[indices], self.instances[indices]
        keys = self.seed, categories, instances
        systems = candidates(self.seed, categories, self.attempts[indices])
        tones = draw(affine(varied(systems, *keys), views(*keys)).to(device), self.size)
        return coloured(tones, *keys) if self.colour else tones[:, None]


def check_room(count: int, size: int, colour: bool) -> None:
    """ValueError where there is no memory for so many images."""
    pixels = count * (3 if colour else 1) * size**2
    check_memory(f"{count:,} fractals of {size} px", pixels, "categories, instances or image_size")


def drawing_device() -> str:
    """The GPU where there is one; not in a loader's process, which is forked and cannot use it."""
    return "cuda" if torch.cuda.is_available() and get_worker_info() is None else "cpu"


def rendered(
    seed: int,
    categories: np.ndarray,
    instances: np.ndarray,
    *,
    size: int,
    colour: bool = False,
    attempts: np.ndarray | None = None,
) -> Rendered:
    """The attempts of the images' categories are searched for where they are not known."""
    if attempts is None:
        known, place = np.unique(categories, return_inverse=True)
        attempts = np.concatenate(list(search(seed, known)))[place]
    return Rendered(seed, categories.astype(np.int32), instances.astype(np.int32), attempts, size, colour)
