"""Mixup as in BiT's fine-tuning (hyper-rule): one lambda per step, not folded above 1/2; partners in random order.

B batch.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SHARE, PARTNERS = range(2)  # first word of the seeds, so that the two streams of random numbers differ


def share(alpha: float, *, seed: int, step: int) -> float:
    """lambda ~ Beta(alpha, alpha), the same for every micro-batch and device of a step."""
    # a function of (seed, step), here and below, so that a resumed run repeats the draws
    return float(np.random.default_rng((SHARE, seed, step)).beta(alpha, alpha))


def partners(count: int, *, seed: int, step: int, micro_batch: int = 0, rank: int = 0) -> Tensor:
    """A random permutation of range(count), int64 (B,), for a micro-batch on device `rank`."""
    generator = np.random.default_rng((PARTNERS, seed, step, micro_batch, rank))
    return torch.from_numpy(generator.permutation(count))


def mixed(images: Tensor, lam: float, order: Tensor) -> Tensor:
    """lambda x + (1 - lambda) x[order] for images (B, ...)."""
    return torch.lerp(images[order], images, lam)


def mixed_loss(loss: Callable[[Tensor], Tensor], labels: Tensor, lam: float, order: Tensor) -> Tensor:
    """lambda loss(labels) + (1 - lambda) loss(labels[order])."""
    return lam * loss(labels) + (1 - lam) * loss(
        labels[order]
    )  # equals the loss of mixed targets, being linear in them
