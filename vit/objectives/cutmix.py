"""CutMix (Yun et al. 2019) by torchvision's rule: a box of each image is that of its partner; one box per step.

B batch, H W height and width. A box is (left, top, right, bottom) in pixels, without the column right and the row bottom.
"""

import math

import numpy as np
from torch import Tensor

Box = tuple[int, int, int, int]
CENTRE = 2  # first word of the seeds; vit.objectives.mixup has 0


def centre(height: int, width: int, *, seed: int, step: int) -> tuple[int, int]:
    """A random pixel (x, y), the same for every micro-batch and device of a step."""
    generator = np.random.default_rng((CENTRE, seed, step))
    return int(generator.integers(width)), int(generator.integers(height))


def box_around(x: int, y: int, lam: float, *, height: int, width: int) -> Box:
    """A box around a pixel of 1 - lambda of the image's area, less what is outside the image."""
    half = 0.5 * math.sqrt(1 - lam)
    across, down = int(half * width), int(half * height)
    return max(x - across, 0), max(y - down, 0), min(x + across, width), min(y + down, height)


def cut(images: Tensor, box: Box, order: Tensor) -> Tensor:
    """Images (B, 3, H, W) with the box from images[order]."""
    left, top, right, bottom = box
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = images[order, ..., top:bottom, left:right]
    return mixed


def own_share(box: Box, *, height: int, width: int) -> float:
    """The part of the area outside the box, which is the weight of an image's own label."""
    left, top, right, bottom = box
    return 1 - (right - left) * (bottom - top) / (height * width)
