"""Position embeddings: which kind (Section D.4) and at which layers (Table 8).

B batch, N tokens (the class token first, if there is one, then the registers), D width, H heads; a grid is (rows, columns).
Registers have no position.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.choices import choose
from vit.models.grid import resize_positions, resized_parameter

__all__ = ["Positions", "Relative", "resize_positions", "unskew"]

Grid = tuple[int, int]


class NoPosition(nn.Module):
    """No position embedding: a bag of patches."""

    def __init__(self, grid: Grid, width: int, class_token: bool):
        super().__init__()
        self.grid, self.class_rows = grid, int(class_token)

    def forward(self, z: Tensor) -> Tensor:
        return z

    def resize(self, grid: Grid, mode: str) -> None:
        self.grid = grid


class Learned1D(NoPosition):
    """E_pos of Equation 1: a learned row per token, patches in raster order."""

    def __init__(self, grid: Grid, width: int, class_token: bool):
        super().__init__(grid, width, class_token)
        self.table = learned_table(self.class_rows + math.prod(grid), width)

    def forward(self, z: Tensor) -> Tensor:
        return z + self.table

    def resize(self, grid: Grid, mode: str) -> None:
        self.table = resized_parameter(self.table, self.grid, grid, mode)
        super().resize(grid, mode)


class Learned2D(NoPosition):
    """Learned X and Y tables of width D / 2: a patch gets its column's row of X, then its row's row of Y (Section D.4)."""

    def __init__(self, grid: Grid, width: int, class_token: bool):
        super().__init__(grid, width, class_token)
        if width % 2:
            raise ValueError(f"position '2d' halves the width, and {width} is odd")
        # the paper does not say what the class token gets; a row of width D, as in the 1-D table
        self.class_row = learned_table(self.class_rows, width) if class_token else None
        self.x, self.y = learned_table(grid[1], width // 2), learned_table(grid[0], width // 2)

    def forward(self, z: Tensor) -> Tensor:
        rows, columns = self.grid
        x = self.x.unsqueeze(1).expand(-1, rows, -1, -1)
        y = self.y.unsqueeze(2).expand(-1, -1, columns, -1)
        table = torch.cat([x, y], dim=-1).flatten(1, 2)  # (1, rows * columns, D)
        return z + (table if self.class_row is None else torch.cat([self.class_row, table], dim=1))

    def resize(self, grid: Grid, mode: str) -> None:
        self.x = resized_parameter(self.x, (1, self.grid[1]), (1, grid[1]), mode)
        self.y = resized_parameter(self.y, (1, self.grid[0]), (1, grid[0]), mode)
        super().resize(grid, mode)


class Sincos2D(NoPosition):
    """Fixed sines and cosines of the column, then of the row; zeros for the class token. From big_vision, not the paper."""

    def __init__(self, grid: Grid, width: int, class_token: bool):
        super().__init__(grid, width, class_token)
        if width % 4 or width < 8:
            raise ValueError(f"position 'sincos2d' needs a width of 8, 12, 16 ..., not {width}")
        self.quarter = width // 4

    def forward(self, z: Tensor) -> Tensor:
        # computed per call: .bfloat16() would round a buffer, and .double() could not restore its digits
        return z + self.table(z.device, torch.promote_types(z.dtype, torch.float32)).to(z.dtype)

    def table(self, device: torch.device, dtype: torch.dtype) -> Tensor:
        """(N, D)."""
        frequency = 10000 ** (torch.arange(self.quarter, device=device, dtype=dtype) / (1 - self.quarter))
        rows, columns = (torch.arange(side, device=device, dtype=dtype)[:, None] * frequency for side in self.grid)
        x = torch.cat([columns.sin(), columns.cos()], dim=1).expand(self.grid[0], -1, -1)
        y = torch.cat([rows.sin(), rows.cos()], dim=1)[:, None].expand(-1, self.grid[1], -1)
        return F.pad(torch.cat([x, y], dim=-1).flatten(0, 1), (0, 0, self.class_rows, 0))


class Relative(NoPosition):
    """Relative attention (Section D.4): products of queries with a learned embedding per offset, used like keys."""

    # The paper leaves the details open. Here offsets are 1-D in raster order with the class token at index 0, the heads
    # of a layer share a table, every layer has a table, and the products are scaled like those with the keys.

    def __init__(self, grid: Grid, width: int, class_token: bool, registers: int = 0):
        super().__init__(grid, width, class_token)
        self.registers = registers  # they have an offset to no token
        self.table = learned_table(self.offsets(grid), width)

    def offsets(self, grid: Grid) -> int:
        """Number of offsets, from -(N - 1) to N - 1."""
        return 2 * (self.class_rows + math.prod(grid)) - 1

    def forward(self, q: Tensor) -> Tensor:
        """Products of q (B, H, N, D / H) with the embeddings of key index - query index, (B, H, N, N)."""
        if self.registers:
            class_token, _, patches = split(q, self.class_rows, self.registers)
            scores = self.scores(torch.cat([class_token, patches], dim=-2))
            return with_zeros(scores, at=self.class_rows, count=self.registers)
        return self.scores(q)

    def scores(self, q: Tensor) -> Tensor:
        """The same for a sequence without registers."""
        if self.offsets((1, q.shape[-2] - self.class_rows)) != self.table.shape[1]:
            raise ValueError(
                f"{q.shape[-2]} tokens in a sequence; the relative positions are for a grid of {self.grid}: call resize_to"
            )
        return skew(F.linear(q, self.table[0]))

    def resize(self, grid: Grid, mode: str) -> None:
        self.table = resized_parameter(self.table, (1, self.offsets(self.grid)), (1, self.offsets(grid)), mode)
        super().resize(grid, mode)


class Positions(nn.Module):
    """Positions added at the stem, or at the input of every layer from separate tables or a shared one (Table 8)."""

    def __init__(
        self, position: str, *, at: str, depth: int, grid: Grid, width: int, class_token: bool, registers: int = 0
    ):
        super().__init__()
        if position in ("none", "relative") and at != "stem":
            raise ValueError(f"position {position!r} adds nothing to tokens: position_at is 'stem', not {at!r}")
        tables = choose({"stem": 1, "every": depth, "shared": 1}, at, "position_at")
        kind = choose(POSITIONS, position, "position")
        self.at, self.tables = at, nn.ModuleList(kind(grid, width, class_token) for _ in range(tables))
        self.class_rows, self.registers = int(class_token), registers

    def forward(self, z: Tensor) -> Tensor:
        """Add positions at the stem, which is the input of layer 0."""
        return self.add(self.tables[0], z)

    def before(self, layer: int, z: Tensor) -> Tensor:
        """Add positions at the input of a later layer, if these are to get any."""
        if self.at == "stem" or layer == 0:  # `forward` has served layer 0
            return z
        return self.add(self.tables[layer if self.at == "every" else 0], z)

    def add(self, table: NoPosition, z: Tensor) -> Tensor:
        """Add a table to all tokens but the registers."""
        if not self.registers:
            return table(z)
        class_token, registers, patches = split(z, self.class_rows, self.registers)
        z = table(torch.cat([class_token, patches], dim=1))
        return torch.cat([z[:, : self.class_rows], registers, z[:, self.class_rows :]], dim=1)

    def of_patches(self, like: Tensor) -> Tensor:
        """What is added to the patches at the stem (N, D), without the class token's row. like: any tensor (D,)."""
        table = self.tables[0]
        if type(table) is NoPosition:
            raise ValueError(
                "no positions are added to the patches: the model has none, or relative ones inside attention"
            )
        zeros = like.new_zeros(1, self.class_rows + math.prod(table.grid), len(like))
        return table(zeros)[0, self.class_rows :]

    def resize(self, grid: Grid, mode: str) -> None:
        for table in self.tables:
            table.resize(grid, mode)


def learned_table(rows: int, width: int) -> nn.Parameter:
    """A table (1, rows, D) from N(0, 0.02^2), as in the authors' code."""
    return nn.Parameter(nn.init.normal_(torch.empty(1, rows, width), std=0.02))


def split(z: Tensor, class_rows: int, registers: int) -> tuple[Tensor, Tensor, Tensor]:
    """Class token, registers and patches of a sequence (..., N, D)."""
    return z.tensor_split((class_rows, class_rows + registers), dim=-2)


def with_zeros(scores: Tensor, at: int, count: int) -> Tensor:
    """Scores (..., N, N) with `count` rows and columns of zeros in front of row and column `at`."""
    scores = torch.cat([scores[..., :at], F.pad(scores[..., at:], (count, 0))], dim=-1)
    return torch.cat([scores[..., :at, :], F.pad(scores[..., at:, :], (0, 0, count, 0))], dim=-2)


def skew(scores: Tensor) -> Tensor:
    """Scores by offset (..., N, 2 N - 1) to scores by key (..., N, N)."""
    length = scores.shape[-2]
    # one more column, then rows cut one element shorter: each row moves by one against the row before
    scores = F.pad(scores, (0, 1)).flatten(-2)[..., :-length]
    return scores.unflatten(-1, (length, 2 * length - 1))[..., length - 1 :]


def unskew(weights: Tensor) -> Tensor:
    """The inverse of skew: by key (..., N, N) to by offset (..., N, 2 N - 1), zero where no key has that offset."""
    length = weights.shape[-1]
    weights = F.pad(F.pad(weights, (length - 1, 0)).flatten(-2), (0, length))
    return weights.unflatten(-1, (length, 2 * length))[..., :-1]


POSITIONS = {  # what is added to tokens; relative positions act inside attention, so they add nothing
    "none": NoPosition,
    "1d": Learned1D,
    "2d": Learned2D,
    "relative": NoPosition,
    "sincos2d": Sincos2D,
}
