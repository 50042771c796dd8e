"""Numbers of a set's images that follow from their places: worked out when they are asked for, never kept.

N images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class WorkedOut:
    """A vector (N,) where a thousand times more numbers than memory holds may stand; `numbers[places]` are some of them."""

    length: int
    number: Callable  # of an array or a tensor of places, the numbers there

    __iter__ = None  # nobody goes through so many one by one
    ndim = 1

    def __len__(self):
        return self.length

    def __getitem__(self, places: np.ndarray | torch.Tensor) -> np.ndarray | torch.Tensor:
        return self.number(places)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        """All of them, for whoever needs them at once."""
        return np.asarray(self.number(np.arange(self.length)), dtype)


@dataclass(frozen=True)
class Grid:
    """Images category by category, `instances` of each: what image `place` shows. attempts: of each category."""

    instances: int
    attempts: np.ndarray

    def category(self, place):
        return place // self.instances

    def instance(self, place):
        return place % self.instances

    def attempt(self, place):
        return self.attempts[self.category(place)]
