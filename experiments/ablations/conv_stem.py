"""A ViT with a stem of convolutions in place of the patch embedding E (Xiao et al. 2021, "Early Convolutions Help Transformers See Better")."""

from itertools import pairwise
from math import log2

from torch import Tensor, nn

from vit.models.vit import ViT


class ConvStemViT(ViT):
    """3 x 3 convolutions of stride 2 halve the image until a position covers `patch` pixels; the last layer is linear.

    GroupNorm stands where they have BatchNorm, so that an image's logits do not depend on the others of its batch.
    """

    def __init__(self, channels: int = 3, *, patch: int, width: int, **options):
        super().__init__(channels, patch=patch, width=width, **options)
        halvings = int(log2(patch))
        if 2**halvings != patch:
            raise ValueError(f"patch {patch}: the stem halves the image, so it must be a power of two")
        widths = [channels, *(max(8, width // 2**k) for k in reversed(range(halvings)))]
        layers = [
            nn.Sequential(
                nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.GroupNorm(8, after), nn.ReLU()
            )
            for before, after in pairwise(widths)
        ]
        self.embedding = nn.Sequential(*layers, nn.Conv2d(widths[-1], width, 1))

    def tokens(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W) to (B, N, D), a row of the grid after the other."""
        return self.embedding(x).flatten(2).mT.to(self.class_token.dtype)
