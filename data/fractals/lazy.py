"""Labels and parameters that follow from an image's index: computed on access, never stored.

N images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class LazyArray:
    """A read-only vector (N,) that may be a thousand times larger than memory; `array[indices]` computes some values."""

    length: int
    compute: Callable  # indices, an array or a tensor -> values

    __iter__ = None  # or Python would iterate by __getitem__, one of 10^12 after the other
    ndim = 1

    def __len__(self):
        return self.length

    def __getitem__(self, indices: np.ndarray | torch.Tensor) -> np.ndarray | torch.Tensor:
        return self.compute(indices)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self.compute(np.arange(self.length)), dtype)


@dataclass(frozen=True)
class Grid:
    """Images category by category, `instances` of each. attempts: of each category."""

    instances: int
    attempts: np.ndarray

    def category(self, index):
        return index // self.instances

    def instance(self, index):
        return index % self.instances

    def attempt(self, index):
        return self.attempts[self.category(index)]
