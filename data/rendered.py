"""Fractals that behave like a tensor of images: drawn when they are asked for.

An image is a pure function of (seed, category, instance). B images asked for, N there are, S size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import get_worker_info

from data.chaos_game import at_once, draw
from data.fractal_colours import coloured
from data.ifs import affine, candidates, search, varied, views


@dataclass(frozen=True, eq=False)
class Rendered:
    """Image k shows instances[k] of categories[k], whose system was accepted at attempts[k] (data.ifs.search).

    `rendered[indices]` is uint8 (B, S, S), in colour (B, 3, S, S), and lies on the CPU, where the rest of a batch is
    prepared. Nothing that was drawn is kept.
    """

    seed: int
    categories: np.ndarray  # (N,)
    instances: np.ndarray  # (N,)
    attempts: np.ndarray  # (N,)
    size: int
    colour: bool

    def __len__(self):
        return len(self.categories)

    def only(self, indices: Sequence[int]) -> "Rendered":
        """Those, in that order."""
        names = ("categories", "instances", "attempts")
        return replace(self, **{name: getattr(self, name)[np.asarray(indices)] for name in names})

    def __getitem__(self, indices: Sequence[int]) -> torch.Tensor:
        indices, device = np.asarray(indices), drawing_device()
        shape = (len(indices), *[3] * self.colour, self.size, self.size)
        images = torch.empty(shape, dtype=torch.uint8)
        step = at_once(self.size, device)
        for first in range(0, len(indices), step):
            images[first : first + step] = self.drawn(indices[first : first + step], device)
        return images

    def drawn(self, indices: np.ndarray, device: str) -> torch.Tensor:
        """The same, all at once and on that device."""
        categories, instances = self.categories[indices], self.instances[indices]
        keys = self.seed, categories, instances
        systems = candidates(self.seed, categories, self.attempts[indices])
        tones = draw(affine(varied(systems, *keys), views(*keys)).to(device), self.size)
        return coloured(tones, *keys) if self.colour else tones


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
