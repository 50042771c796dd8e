"""Mixup as in BiT's fine-tuning (hyper-rule): one lambda per step, not folded above 1/2; images are mixed in pairs.

B batch.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SHARE = 0  # first word of the seeds; vit.objectives.cutmix and mixing have others
PAIR = 2


def share(alpha: float, *, seed: int, step: int) -> float:
    """lambda ~ Beta(alpha, alpha), the same for every micro-batch and device of a step."""
    # a function of (seed, step), so that a resumed run repeats the draws
    return float(np.random.default_rng((SHARE, seed, step)).beta(alpha, alpha))


def partners(count: int) -> Tensor:
    """int64 (B,): each image's partner, 1, 0, 3, 2, ...; ValueError if the last one has none."""
    # Neighbours, since a batch is in random order already; so that every division of a batch leaves a pair together
    if count % PAIR:
        raise ValueError(f"{count} images cannot be mixed in pairs")
    return torch.arange(count) ^ 1


def mixed(images: Tensor, lam: float, order: Tensor) -> Tensor:
    """lambda x + (1 - lambda) x[order] for images (B, ...)."""
    return torch.lerp(images[order], images, lam)


def mixed_loss(loss: Callable[[Tensor], Tensor], labels: Tensor, lam: float, order: Tensor) -> Tensor:
    """lambda loss(labels) + (1 - lambda) loss(labels[order])."""
    return lam * loss(labels) + (1 - lam) * loss(
        labels[order]
    )  # equals the loss of mixed targets, being linear in them
