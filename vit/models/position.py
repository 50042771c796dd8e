"""Position embeddings: what is added (Section D.4) and where (Table 8).

B batch, N tokens (the class token first, where there is one), D width, H heads; a grid is (rows, columns).
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from vit.models.choices import choose
from vit.models.grid import resize_positions, resized

__all__ = ["Positions", "Relative", "resize_positions", "unskew"]


class NoPosition(nn.Module):
    """A bag of patches."""

    def __init__(self, grid, width, class_token):
        super().__init__()
        self.grid, self.class_rows = grid, int(class_token)

    def forward(self, z):
        return z

    def resize(self, grid, mode):
        self.grid = grid


class Learned1D(NoPosition):
    """A row for each place in raster order, the class token included (Equation 1)."""

    def __init__(self, grid, width, class_token):
        super().__init__(grid, width, class_token)
        self.table = learned(self.class_rows + math.prod(grid), width)

    def forward(self, z):
        return z + self.table

    def resize(self, grid, mode):
        self.table = resized(self.table, self.grid, grid, mode)
        super().resize(grid, mode)


class Learned2D(NoPosition):
    """X and Y tables of half the width: a patch gets its column's row of X, then its row's row of Y (Section D.4).

    The paper leaves the class token open: it keeps a row of the whole width, as in the 1-D table.
    """

    def __init__(self, grid, width, class_token):
        super().__init__(grid, width, class_token)
        if width % 2:
            raise ValueError(f"position '2d' halves the width, and {width} is odd")
        self.class_row = learned(self.class_rows, width) if class_token else None
        self.x, self.y = learned(grid[1], width // 2), learned(grid[0], width // 2)

    def forward(self, z):
        rows, columns = self.grid
        x = self.x.unsqueeze(1).expand(-1, rows, -1, -1)
        y = self.y.unsqueeze(2).expand(-1, -1, columns, -1)
        table = torch.cat([x, y], dim=-1).flatten(1, 2)  # (1, rows * columns, D)
        return z + (table if self.class_row is None else torch.cat([self.class_row, table], dim=1))

    def resize(self, grid, mode):
        self.x = resized(self.x, (1, self.grid[1]), (1, grid[1]), mode)
        self.y = resized(self.y, (1, self.grid[0]), (1, grid[0]), mode)
        super().resize(grid, mode)


class Sincos2D(NoPosition):
    """Fixed sines and cosines of column, then of row; the class token gets nothing. From big_vision, not the paper."""

    def __init__(self, grid, width, class_token):
        super().__init__(grid, width, class_token)
        if width % 4 or width < 8:
            raise ValueError(f"position 'sincos2d' needs a width of 8, 12, 16 ..., not {width}")
        self.quarter = width // 4

    def forward(self, z):
        return z + self.table(z.device, torch.promote_types(z.dtype, torch.float32)).to(z.dtype)

    def table(self, device, dtype):
        """Made anew at each call: .bfloat16() would round a buffer, and .double() could not bring the digits back."""
        frequency = 10000 ** (torch.arange(self.quarter, device=device, dtype=dtype) / (1 - self.quarter))
        rows, columns = (torch.arange(side, device=device, dtype=dtype)[:, None] * frequency for side in self.grid)
        x = torch.cat([columns.sin(), columns.cos()], dim=1).expand(self.grid[0], -1, -1)
        y = torch.cat([rows.sin(), rows.cos()], dim=1)[:, None].expand(-1, self.grid[1], -1)
        return F.pad(torch.cat([x, y], dim=-1).flatten(0, 1), (0, 0, self.class_rows, 0))  # (N, D)


class Relative(NoPosition):
    """Relative attention (Section D.4): queries times an embedding for each offset, as if it were a key.

    Offsets are 1-D, in raster order. The paper leaves the rest open: here the heads share a table, the layers do not,
    the products are scaled like those of the keys, and the class token stands at place 0 of the sequence.
    """

    def __init__(self, grid, width, class_token):
        super().__init__(grid, width, class_token)
        self.table = learned(self.offsets(grid), width)

    def offsets(self, grid):
        return 2 * (self.class_rows + math.prod(grid)) - 1

    def forward(self, q):
        """Products of q (B, H, N, D / H) with the embeddings of key place minus query place: (B, H, N, N)."""
        if self.offsets((1, q.shape[-2] - self.class_rows)) != self.table.shape[1]:
            raise ValueError(f"{q.shape[-2]} tokens in a line, the model has offsets for {self.grid}: call resize_to")
        return skew(F.linear(q, self.table[0]))

    def resize(self, grid, mode):
        self.table = resized(self.table, (1, self.offsets(self.grid)), (1, self.offsets(grid)), mode)
        super().resize(grid, mode)


class Positions(nn.Module):
    """Added once at the stem, or at the input of every layer from a table of its own or one shared by all (Table 8)."""

    def __init__(self, position, *, at, depth, grid, width, class_token):
        super().__init__()
        if position in ("none", "relative") and at != "stem":
            raise ValueError(f"position {position!r} adds nothing to tokens: position_at is 'stem', not {at!r}")
        tables = choose({"stem": 1, "every": depth, "shared": 1}, at, "position_at")
        kind = choose(POSITIONS, position, "position")
        self.at, self.tables = at, nn.ModuleList(kind(grid, width, class_token) for _ in range(tables))

    def forward(self, z):
        """At the stem, which is the input of the first layer."""
        return self.tables[0](z)

    def before(self, layer, z):
        """At the input of a later layer."""
        if self.at == "stem" or layer == 0:
            return z
        return self.tables[layer if self.at == "every" else 0](z)

    def resize(self, grid, mode):
        for table in self.tables:
            table.resize(grid, mode)


def learned(rows, width):
    """A table (1, rows, D) from N(0, 0.02), as in the authors' code."""
    return nn.Parameter(nn.init.normal_(torch.empty(1, rows, width), std=0.02))


def skew(scores):
    """By offset (..., N, 2 N - 1) to by key (..., N, N): one column more shifts each row by one against the last."""
    length = scores.shape[-2]
    scores = F.pad(scores, (0, 1)).flatten(-2)[..., :-length]
    return scores.unflatten(-1, (length, 2 * length - 1))[..., length - 1 :]


def unskew(weights):
    """The way back: by key (..., N, N) to by offset (..., N, 2 N - 1), zero where no key has that offset."""
    length = weights.shape[-1]
    weights = F.pad(F.pad(weights, (length - 1, 0)).flatten(-2), (0, length))
    return weights.unflatten(-1, (length, 2 * length))[..., :-1]


POSITIONS = {  # what is added to tokens; relative positions work inside attention instead
    "none": NoPosition,
    "1d": Learned1D,
    "2d": Learned2D,
    "relative": NoPosition,
    "sincos2d": Sincos2D,
}
