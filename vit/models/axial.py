"""Axial attention (Section D.6, Figure 13): attention along one axis of a grid at a time.

B batch, D width, H heads, (h, w) a grid of tokens or a feature map of C channels.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.encoder_block import Attention, Block
from vit.models.grid import ImageSize, pair
from vit.models.model import Model
from vit.models.position import Grid, Relative, unskew
from vit.models.resnet import UNITS, ResNet
from vit.models.vit import SIZES, ViT

AXIAL_VITS = {f"Axial-ViT-B/{patch}": dict(patch=patch, **SIZES["B"]) for patch in (16, 32)}
AXIAL_RESNETS = {"AxialResNet50": dict(units=UNITS[50], width_factor=1)}


class AxialBlock(nn.Module):
    """Two encoder blocks in the place of one: attention along rows and an MLP, then along columns and an MLP."""

    def __init__(self, grid: Grid, row: Block, column: Block):
        super().__init__()
        self.grid, self.row, self.column = grid, row, column

    def forward(self, z: Tensor) -> Tensor:
        z = self.rows(z.unflatten(1, self.grid))  # (B, h, w, D)
        z = per_line(partial(self.column, lines=self.grid[1]), z.transpose(1, 2)).transpose(1, 2)
        return z.flatten(1, 2)

    def rows(self, z: Tensor) -> Tensor:
        return per_line(partial(self.row, lines=self.grid[0]), z)

    def weights(self, z: Tensor) -> Iterator[Tensor]:
        """The attention weights of the rows (B, h, H, w, w), then of the columns (B, w, H, h, h)."""
        z = z.unflatten(1, self.grid)
        yield from (weights.unflatten(0, z.shape[:2]) for weights in self.row.weights(z.flatten(0, 1)))
        z = self.rows(z).transpose(1, 2)
        yield from (weights.unflatten(0, z.shape[:2]) for weights in self.column.weights(z.flatten(0, 1)))

    def resize(self, grid: Grid, mode: str) -> None:
        self.grid = grid
        self.row.resize((1, grid[1]), mode)
        self.column.resize((1, grid[0]), mode)


class AxialViT(ViT):
    """A ViT of axial blocks."""

    # the paper does not say how it pools; "gap", since a class token belongs to no row or column
    def __init__(self, *, pool: str = "gap", registers: int = 0, **vit):
        if pool == "token":
            raise ValueError("a class token fits no grid: the pool of an axial model is 'gap' or 'map', not 'token'")
        if registers:
            raise ValueError(f"registers fit no grid: an axial model has none, not {registers}")
        super().__init__(pool=pool, **vit)

    def make_block(self, position: str, sequence: dict, **block) -> AxialBlock:
        height, width = sequence["grid"]
        row = super().make_block(position, dict(sequence, grid=(1, width)), **block)
        column = super().make_block(position, dict(sequence, grid=(1, height)), **block)
        return AxialBlock(sequence["grid"], row, column)


class PositionSensitiveAttention(Attention):
    """Attention along an axis with relative positions of queries, keys and values (Wang et al. 2020, Equation 4)."""

    # The ViT paper only cites that work. Scaling the scores and the output layer are our choice, as in Attention.

    def __init__(self, width: int, heads: int, length: int):
        super().__init__(width, heads, Relative((1, length), width // heads, class_token=False))
        self.relative_key = Relative((1, length), width // heads, class_token=False)
        self.relative_value = Relative((1, length), width // heads, class_token=False)

    def forward(self, z: Tensor) -> Tensor:
        q, k, v = self.project(z)
        scores = q @ k.mT + self.relative(q) + self.relative_key(k).mT
        weights = (scores * q.shape[-1] ** -0.5).softmax(dim=-1)
        z = weights @ v + unskew(weights) @ self.relative_value.table[0]
        return self.out(z.transpose(1, 2).flatten(2))

    def resize(self, length: int, mode: str) -> None:
        for table in (self.relative, self.relative_key, self.relative_value):
            table.resize((1, length), mode)


class AxialConv(nn.Module):
    """Row attention, then column attention, in the place of a 3 x 3 convolution; its stride becomes average pooling."""

    def __init__(self, width: int, heads: int, stride: int, size: Grid):
        super().__init__()
        self.stride = stride
        self.row = PositionSensitiveAttention(width, heads, size[1])
        self.column = PositionSensitiveAttention(width, heads, size[0])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, h, w)."""
        if self.stride > 1:
            # nothing is padded, but torch.compile gets the gradient of odd sizes wrong with count_include_pad=True
            x = F.avg_pool2d(x, self.stride, ceil_mode=True, count_include_pad=False)
        x = per_line(self.row, x.permute(0, 2, 3, 1))  # (B, h, w, C)
        return per_line(self.column, x.transpose(1, 2)).permute(0, 3, 2, 1)

    def resize(self, size: Grid, mode: str) -> None:
        self.row.resize(size[1], mode)
        self.column.resize(size[0], mode)


class AxialResNet(ResNet):
    """BiT's ResNet with every 3 x 3 convolution replaced by axial attention (Figure 13)."""

    # The paper leaves the details open. With these choices 7 epochs of JFT need 56.2 exaFLOPs; Figure 13 shows 55.6. Counted as
    # they are computed they cost 59.9: along an axis of length L, Relative multiplies all 2L - 1 offsets and uses L of them.

    def __init__(self, *, image_size: ImageSize, heads: int = 8, **resnet):
        super().__init__(**resnet)
        for size, stage in self.stage_sizes(image_size):
            for unit in stage:
                width, stride = unit.conv2.in_channels, unit.conv2.stride[0]
                unit.conv2 = AxialConv(width, heads, stride, size)

    def stage_sizes(self, image_size: ImageSize) -> Iterator[tuple[Grid, nn.Sequential]]:
        """The feature map (h, w) of each stage, with the stage."""
        # root and pool halve twice, each stage after the first once more; odd sizes are rounded up
        for index, stage in enumerate(self.stages):
            yield tuple(-(-side // (4 * 2**index)) for side in pair(image_size)), stage

    def resize_to(self, image_size: ImageSize, mode: str = "bilinear") -> Model:
        """Interpolate the relative positions of every stage (Section 3.2)."""
        for size, stage in self.stage_sizes(image_size):
            for unit in stage:
                unit.conv2.resize(size, mode)
        return self.update_made_with(image_size=image_size)


def per_line(layer: Callable[[Tensor], Tensor], grid: Tensor) -> Tensor:
    """Apply a layer for sequences to each line of a grid (B, lines, length, D)."""
    return layer(grid.flatten(0, 1)).unflatten(0, grid.shape[:2])
