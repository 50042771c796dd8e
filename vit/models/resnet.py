"""The BiT ResNet, the paper's baseline (Section 4.1): pre-activation, GroupNorm, standardised convolutions.

B batch, C channels, (h, w) a feature map.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.choices import choose
from vit.models.grid import ImageSize
from vit.models.initializers import lecun_normal_, zero_head
from vit.models.max_pool import max_pool
from vit.models.model import Model

UNITS = {  # depth of the name -> bottleneck units of the four stages
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
RESNETS = {
    f"ResNet{depth}x{factor}": dict(units=UNITS[depth], width_factor=factor)
    for depth, factor in ((50, 1), (50, 2), (50, 3), (101, 1), (101, 3), (152, 1), (152, 2), (152, 4), (200, 3))
}
ROOT_PADDING = {"zero": 0.0, "inf": float("-inf")}  # of the root's max pool: big_transfer pads zeros, big_vision -inf


class StandardConv(nn.Conv2d):
    """A convolution whose kernels have mean 0 and variance 1 for each output channel; no bias."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1):
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        lecun_normal_(self.weight)

    def kernels(self) -> Tensor:
        """The standardised kernels, (outputs, inputs, k, k)."""
        weight = self.weight.flatten(1)
        # layer_norm without scale and bias standardises a row in one fused operation; 1e-10 on the variance is BiT's
        return F.layer_norm(weight, weight.shape[1:], eps=1e-10).view_as(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernels(), None, self.stride, self.padding)


def group_norm(channels: int, eps: float = 1e-5) -> nn.GroupNorm:
    if channels % 32:
        raise ValueError(f"GroupNorm has 32 groups, which do not divide {channels} channels: change the width")
    return nn.GroupNorm(32, channels, eps=eps)  # BiT has 1e-5, the hybrid 1e-6


class PreActivationUnit(nn.Module):
    """BiT's bottleneck unit: norm and ReLU before each convolution, nothing after the sum."""

    # The hybrid's unit (hybrid.py) is post-activation: the authors' two code bases differ, so no code is shared.

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.norm1, self.conv1 = group_norm(inputs), StandardConv(inputs, width, 1)
        self.norm2, self.conv2 = group_norm(width), StandardConv(width, width, 3, stride)
        self.norm3, self.conv3 = group_norm(width), StandardConv(width, 4 * width, 1)
        changes_shape = stride != 1 or inputs != 4 * width
        self.project = StandardConv(inputs, 4 * width, 1, stride) if changes_shape else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(x), inplace=True)
        shortcut = x if self.project is None else self.project(y)  # the projection sees the activated input
        y = self.conv1(y)
        y = self.conv2(F.relu(self.norm2(y), inplace=True))
        y = self.conv3(F.relu(self.norm3(y), inplace=True))
        return shortcut + y


class ResNet(Model):
    """ResNet-v2 with `units` per stage and `width_factor` times the usual channels."""

    def __init__(
        self, *, num_classes: int, units: tuple[int, ...], width_factor: float = 1.0, root_padding: str = "zero"
    ):
        super().__init__()
        width = int(64 * width_factor)
        # the root has no norm or ReLU: the first unit starts with its own
        self.root, self.root_padding = StandardConv(3, width, 7, 2), choose(ROOT_PADDING, root_padding, "root_padding")
        self.stages = nn.ModuleList()
        inputs = width
        for stage, count in enumerate(units):
            stage_width, stride = width * 2**stage, 1 if stage == 0 else 2  # the root's pool has halved stage 1 already
            first, rest = (inputs, stage_width, stride), (4 * stage_width, stage_width, 1)
            self.stages.append(nn.Sequential(*(PreActivationUnit(*(rest if u else first)) for u in range(count))))
            inputs = 4 * stage_width
        self.norm = group_norm(inputs)
        self.head = zero_head(inputs, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W) to the mean of the last feature map (B, C)."""
        x = self.root(x)
        x = max_pool(F.pad(x, (1, 1, 1, 1), value=self.root_padding))
        for stage in self.stages:
            x = stage(x)
        return F.relu(self.norm(x), inplace=True).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    def kernels(self) -> Tensor:
        """The filters of the first convolution (C, 3, 7, 7)."""
        return self.root.kernels()

    def blocks_in_order(self) -> list[nn.Module]:
        """The residual units."""
        return [unit for stage in self.stages for unit in stage]

    def layers(self) -> list[list[nn.Parameter]]:
        """The root, each unit, and norm and head."""
        return self.by_depth([*([unit] for stage in self.stages for unit in stage), [self.norm, self.head]])

    def reset_head(self, num_classes: int) -> Model:
        """Replace the head by a linear layer of zeros for fine-tuning (Section 3.2)."""
        self.head = zero_head(self.norm.num_channels, num_classes).to(self.norm.weight)
        return self.update_made_with(num_classes=num_classes)

    def resize_to(self, image_size: ImageSize, mode: str = "bilinear") -> Model:
        """Record the size; convolutions take images of any size."""
        return self.update_made_with(image_size=image_size)
