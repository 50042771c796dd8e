"""Mixup as BiT's fine-tuning has it (hyper-rule): one share a step, not folded to above 1/2; partners in random order.

Draws are functions of (seed, step), so that a resumed run repeats them. B batch.
"""

import numpy as np
import torch

SHARE, PARTNERS = range(2)  # streams: no two draws are the same numbers


def share(alpha, *, seed, step):
    """lambda ~ Beta(alpha, alpha), the same for every micro-batch and device of a step; a float."""
    return float(np.random.default_rng((SHARE, seed, step)).beta(alpha, alpha))


def partners(count, *, seed, step, part=0, rank=0):
    """A random order of range(count), int64 (B,), for micro-batch `part` on device `rank`."""
    draw = np.random.default_rng((PARTNERS, seed, step, part, rank))
    return torch.from_numpy(draw.permutation(count))


def mixed(images, lam, order):
    """lambda x + (1 - lambda) x[order]; images (B, ...)."""
    return torch.lerp(images[order], images, lam)


def mixed_loss(loss, labels, lam, order):
    """The loss (a function of labels) mixed likewise: equal to that of mixed targets, since it is linear in them."""
    return lam * loss(labels) + (1 - lam) * loss(labels[order])
