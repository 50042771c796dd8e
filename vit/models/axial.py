"""Axial attention (Section D.6, Figure 13): attention along one axis of a grid at a time.

B batch, D width, H heads, (h, w) a grid of tokens or a feature map of C channels.
"""

import torch.nn.functional as F
from torch import nn

from vit.models.grid import pair
from vit.models.position import Relative, unskew
from vit.models.resnet import UNITS, ResNet
from vit.models.vit import SIZES, Attention, ViT

AXIAL_VITS = {f"Axial-ViT-B/{patch}": dict(patch=patch, **SIZES["B"]) for patch in (16, 32)}
AXIAL_RESNETS = {"AxialResNet50": dict(units=UNITS[50], width_factor=1)}


class AxialBlock(nn.Module):
    """Two encoder blocks for one: attention along every row and an MLP, then along every column and an MLP."""

    def __init__(self, grid, row, column):
        super().__init__()
        self.grid, self.row, self.column = grid, row, column

    def forward(self, z):
        z = along(self.row, z.unflatten(1, self.grid))
        z = along(self.column, z.transpose(1, 2)).transpose(1, 2)
        return z.flatten(1, 2)

    def weights(self, z):
        """First the rows' weights (B, h, H, w, w), then the columns' (B, w, H, h, h)."""
        z = z.unflatten(1, self.grid)
        yield from (weights.unflatten(0, z.shape[:2]) for weights in self.row.weights(z.flatten(0, 1)))
        z = along(self.row, z).transpose(1, 2)
        yield from (weights.unflatten(0, z.shape[:2]) for weights in self.column.weights(z.flatten(0, 1)))

    def resize(self, grid, mode):
        self.grid = grid
        self.row.resize((1, grid[1]), mode)
        self.column.resize((1, grid[0]), mode)


class AxialViT(ViT):
    """A ViT of axial blocks. The paper leaves pooling open: tokens are averaged, as a class token fits no grid."""

    def __init__(self, *, pool="gap", **vit):
        if pool == "token":
            raise ValueError("a class token fits no grid: the pool of an axial model is 'gap' or 'map', not 'token'")
        super().__init__(pool=pool, **vit)

    def make_block(self, position, place, **block):
        height, width = place["grid"]
        row = super().make_block(position, dict(place, grid=(1, width)), **block)
        column = super().make_block(position, dict(place, grid=(1, height)), **block)
        return AxialBlock(place["grid"], row, column)


class PositionSensitiveAttention(Attention):
    """Attention along one axis with offsets embedded for queries, keys and values (Wang et al. 2020, Equation 4).

    ViT's paper names only that work; scaled scores and an output layer, as in every other attention here, are ours.
    """

    def __init__(self, width, heads, length):
        super().__init__(width, heads, Relative((1, length), width // heads, class_token=False))
        self.relative_key = Relative((1, length), width // heads, class_token=False)
        self.relative_value = Relative((1, length), width // heads, class_token=False)

    def forward(self, z):
        q, k, v = self.project(z)
        scores = q @ k.mT + self.relative(q) + self.relative_key(k).mT
        weights = (scores * q.shape[-1] ** -0.5).softmax(dim=-1)
        z = weights @ v + unskew(weights) @ self.relative_value.table[0]
        return self.out(z.transpose(1, 2).flatten(2))

    def resize(self, length, mode):
        for table in (self.relative, self.relative_key, self.relative_value):
            table.resize((1, length), mode)


class AxialConv(nn.Module):
    """Row then column attention in place of a 3 x 3 convolution, whose stride becomes an average before them."""

    def __init__(self, width, heads, stride, size):
        super().__init__()
        self.stride = stride
        self.row = PositionSensitiveAttention(width, heads, size[1])
        self.column = PositionSensitiveAttention(width, heads, size[0])

    def forward(self, x):
        if self.stride > 1:
            # nothing is padded, but torch.compile gets the gradient of odd sizes wrong with count_include_pad=True
            x = F.avg_pool2d(x, self.stride, ceil_mode=True, count_include_pad=False)
        x = along(self.row, x.permute(0, 2, 3, 1))  # (B, h, w, C)
        return along(self.column, x.transpose(1, 2)).permute(0, 3, 2, 1)

    def resize(self, size, mode):
        self.row.resize(size[1], mode)
        self.column.resize(size[0], mode)


class AxialResNet(ResNet):
    """BiT's ResNet with every 3 x 3 convolution replaced (Figure 13).

    The paper leaves the details open. These choices cost 56.2 exaFLOPs in 7 epochs of JFT, the figure shows 55.6.
    """

    def __init__(self, *, image_size, heads=8, **resnet):
        super().__init__(**resnet)
        for size, stage in self.sizes(image_size):
            for unit in stage:
                width, stride = unit.conv2.in_channels, unit.conv2.stride[0]
                unit.conv2 = AxialConv(width, heads, stride, size)

    def sizes(self, image_size):
        """(h, w) in each stage: root and pool halve twice, each later stage once more, odd sizes rounded up."""
        for stage, units in enumerate(self.stages):
            yield tuple(-(-side // (4 * 2**stage)) for side in pair(image_size)), units

    def resize_to(self, image_size, mode="bilinear"):
        """Interpolate the tables of offsets in every stage (Section 3.2)."""
        for size, stage in self.sizes(image_size):
            for unit in stage:
                unit.conv2.resize(size, mode)
        return self.changed(image_size=image_size)


def along(layer, grid):
    """A layer for sequences, applied to each line of a grid (B, lines, length, D)."""
    return layer(grid.flatten(0, 1)).unflatten(0, grid.shape[:2])
