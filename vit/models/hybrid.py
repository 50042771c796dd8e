"""The hybrid (Sections 3.1 and 4.1): a ViT on the feature map of a ResNet.

B batch, C channels, (h, w) a feature map.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.grid import ImageSize, pair
from vit.models.initializers import lecun_normal_
from vit.models.max_pool import max_pool
from vit.models.model import Model
from vit.models.resnet import group_norm
from vit.models.standardise import standardised
from vit.models.vit import SIZES, ViT

HYBRIDS = {  # /32 reads the output of stage 4; /16 has the layers of stage 4 in stage 3 (Section 4.1)
    "R50+ViT-B/32": dict(units=(3, 4, 6, 3), patch=1, **SIZES["B"]),
    "R50+ViT-L/32": dict(units=(3, 4, 6, 3), patch=1, **SIZES["L"]),
    "R50+ViT-B/16": dict(units=(3, 4, 9), patch=1, **SIZES["B"]),
    "R50+ViT-L/16": dict(units=(3, 4, 9), patch=1, **SIZES["L"]),
    "R26+ViT-S/32": dict(units=(2, 2, 2, 2), patch=1, **SIZES["S"]),
    "R26+ViT-B/32": dict(units=(2, 2, 2, 2), patch=1, **SIZES["B"]),
    "R+ViT-Ti/16": dict(units=(), patch=8, **SIZES["Ti"]),  # the authors' name, although 4 * 8 = 32
}
EPS = 1e-6  # of the GroupNorms, as in the authors' code of the hybrid; BiT's have 1e-5


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of one axis, (before, after), for ceil(size / stride) outputs; an odd pixel comes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv(nn.Conv2d):
    """A standardised convolution with SAME padding; unlike BiT's, its kernels are divided by std + 1e-5."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1):
        super().__init__(inputs, outputs, kernel, stride, bias=False)
        lecun_normal_(self.weight)

    def kernels(self) -> Tensor:
        """The standardised kernels, (outputs, inputs, k, k)."""
        return standardised(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (same_padding(side, self.kernel_size[0], self.stride[0]) for side in x.shape[2:])
        if rows[0] == rows[1] and columns[0] == columns[1]:  # conv2d pads alike on both sides without a copy of x
            return F.conv2d(x, self.kernels(), None, self.stride, (rows[0], columns[0]))
        return F.conv2d(F.pad(x, (*columns, *rows)), self.kernels(), None, self.stride)


def same_max_pool(x: Tensor) -> Tensor:
    """3 x 3 max pool of stride 2 with SAME padding."""
    # an odd size is padded on both sides, an even one only behind, where ceil_mode lets the last window run over
    return max_pool(x, padding=(x.shape[2] % 2, x.shape[3] % 2), ceil_mode=True)


class PostActivationUnit(nn.Module):
    """The hybrid's bottleneck unit: norm (and ReLU) after each convolution, and a ReLU after the sum."""

    # BiT's unit (resnet.py) is pre-activation: the authors' two code bases differ, so no code is shared.

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1, self.norm1 = SameConv(inputs, width, 1), group_norm(width, EPS)
        self.conv2, self.norm2 = SameConv(width, width, 3, stride), group_norm(width, EPS)
        self.conv3, self.norm3 = SameConv(width, 4 * width, 1), group_norm(4 * width, EPS)
        nn.init.zeros_(self.norm3.weight)  # as in the authors' code: a unit starts as its shortcut
        self.project = None
        if stride != 1 or inputs != 4 * width:
            self.project = nn.Sequential(SameConv(inputs, 4 * width, 1, stride), group_norm(4 * width, EPS))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.project is None else self.project(x)
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = F.relu(self.norm2(self.conv2(y)), inplace=True)
        y = self.norm3(self.conv3(y))
        return F.relu(y + shortcut, inplace=True)


class Stem(nn.Module):
    """The ResNet-v1 of a hybrid: the root, then stages of `units` units."""

    def __init__(self, units: tuple[int, ...], width: int):
        super().__init__()
        self.root, self.norm = SameConv(3, width, 7, 2), group_norm(width, EPS)
        self.stages, self.channels = nn.ModuleList(), width
        for stage, count in enumerate(units):
            first = (self.channels, width * 2**stage, 1 if stage == 0 else 2)
            self.channels = 4 * width * 2**stage
            rest = (self.channels, width * 2**stage, 1)
            self.stages.append(nn.Sequential(*(PostActivationUnit(*(rest if u else first)) for u in range(count))))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, h, w)."""
        x = same_max_pool(F.relu(self.norm(self.root(x)), inplace=True))
        for stage in self.stages:
            x = stage(x)
        return x

    @property
    def stride(self) -> int:
        """Pixels per position of the feature map: root and pool halve twice, each stage after the first once."""
        return 4 * 2 ** max(len(self.stages) - 1, 0)

    def output_size(self, image_size: ImageSize) -> tuple[int, int]:
        """(h, w); SAME padding rounds up."""
        return tuple(-(-side // self.stride) for side in pair(image_size))


class Hybrid(ViT):
    """A ViT that takes patches of the stem's feature map in place of the image (Section 3.1)."""

    def __init__(self, *, image_size: ImageSize, units: tuple[int, ...], stem_width: float = 1.0, **vit):
        stem = Stem(units, int(64 * stem_width))
        super().__init__(stem.channels, image_size=stem.output_size(image_size), **vit)
        self.stem = stem

    def tokens(self, x: Tensor) -> Tensor:
        return super().tokens(self.stem(x))

    def blocks_in_order(self) -> list[nn.Module]:
        """The units of the stem, then the encoder blocks."""
        return [*(unit for stage in self.stem.stages for unit in stage), *self.blocks]

    def kernels(self) -> Tensor:
        """The filters of the stem's first convolution (C, 3, 7, 7): the patch embedding sees features, not pixels."""
        return self.stem.root.kernels()

    @property
    def patch_pixels(self) -> int:
        # the receptive fields of the stem's outputs overlap, but their centers are this far apart
        return self.patch * self.stem.stride

    def resize_to(self, image_size: ImageSize, mode: str = "bilinear") -> Model:
        super().resize_to(self.stem.output_size(image_size), mode)
        return self.update_made_with(image_size=image_size)  # of the image, not of the feature map
