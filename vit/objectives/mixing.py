"""Mixup and CutMix of the images of an update; with both, one of the two at random, as in timm and torchvision's recipes.

B batch, H W height and width.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from vit.objectives import cutmix, mixup

CHOICE = 3  # first word of the seeds; vit.objectives.mixup and cutmix have 0 and 2


@dataclass(frozen=True)
class Mixing:
    """The alphas of both, from whose Beta(alpha, alpha) lambda is drawn; 0 is off."""

    mixup: float
    cutmix: float

    @property
    def is_on(self) -> bool:
        return bool(self.mixup or self.cutmix)

    def mixed(self, images: Tensor, order: Tensor, *, seed: int, step: int) -> tuple[Tensor, float]:
        """(images (B, 3, H, W) mixed with images[order], the weight of an image's own label)."""
        update = {"seed": seed, "step": step}
        if not self.cuts(**update):
            lam = mixup.share(self.mixup, **update)
            return mixup.mixed(images, lam, order), lam
        size = dict(zip(("height", "width"), images.shape[-2:], strict=True))
        box = cutmix.box_around(*cutmix.centre(**size, **update), mixup.share(self.cutmix, **update), **size)
        return cutmix.cut(images, box, order), cutmix.own_share(box, **size)

    def cuts(self, *, seed: int, step: int) -> bool:
        """Whether a step takes CutMix: each with probability 1/2 where both are on."""
        if self.mixup and self.cutmix:
            return bool(np.random.default_rng((CHOICE, seed, step)).integers(2))
        return bool(self.cutmix)
