"""Position tables of another grid, with or without a class row (Section 3.2).

D width; a table is (1, rows, D). The row of the class token, if there is one, comes first.
"""

import math

import torch
from torch import Tensor, nn

from vit.models.grid import grid_of
from vit.models.hybrid import Hybrid
from vit.models.position import Learned1D, Sincos2D, resize_positions
from vit.models.vit import ViT
from vit.weights.file import File, shape_text

TABLE, TOKEN = "position.tables.0.table", "class_token"
ROUNDING = 0.01  # largest error of a table of sines stored in bfloat16


def only_ours(model: nn.Module) -> bool:
    """Does the model have positions that other formats have no names for: none, 2d, relative, at every layer?"""
    if not isinstance(model, ViT):
        return False
    return model.position.at != "stem" or not isinstance(model.position.tables[0], (Learned1D, Sincos2D))


def sines_of(model: nn.Module) -> Tensor | None:
    """The fixed table of a model with sines (1, rows, D), or None."""
    table = model.position.tables[0] if isinstance(model, ViT) else None
    weight = next(model.parameters())
    return table.table(weight.device, weight.dtype)[None] if isinstance(table, Sincos2D) else None


def fit_positions(file: File, model: nn.Module, report, mode: str) -> None:
    """Give the file's table the model's class row and grid. A table that cannot be fitted stays: `translated` reports it."""
    if not isinstance(model, ViT) or (model.class_token is not None and file.name(TOKEN) not in file.tensors):
        return
    table = file.tensors.get(file.name(TABLE))
    if table is not None and (table.ndim != 3 or len(table) != 1):
        return
    if table is not None and file.name(TOKEN) in file.tensors and not has_class_row(table, file, model):
        table = torch.cat([torch.zeros_like(table[:, :1]), table], dim=1)
        report.notes.append("its class token has no position: a row of zeros was added to the table")
    if model.class_token is None:
        table = without_class_token(table, file, report)
    if table is None:
        return
    if isinstance(model.position.tables[0], Sincos2D):
        drop_sines(table, file, model, report)
    else:
        file.tensors[file.name(TABLE)] = resized(table, file, model, report, mode)


def has_class_row(table: Tensor, file: File, model: nn.Module) -> bool:
    """As the layout or a config.json states; else by counting: without a class row, a square grid has a square number of rows."""
    if file.layout.class_row is not None or "class_row" in file.stated:
        return file.stated.get("class_row", file.layout.class_row)
    rows = table.shape[1]
    return rows == math.prod(model.grid) + 1 or math.isqrt(rows) ** 2 != rows


def without_class_token(table: Tensor | None, file: File, report) -> Tensor | None:
    """The table for a model that pools the patches; the file's class token is dropped."""
    token = file.name(TOKEN)
    if token not in file.tensors:
        return table
    del file.tensors[token]
    report.dropped.append(token)
    if table is not None:
        report.dropped.append(f"the class row of {file.name(TABLE)}")
    return None if table is None else table[:, 1:]


def resized(table: Tensor, file: File, model: nn.Module, report, mode: str) -> Tensor:
    """The table on the model's grid."""
    old = grid_in_file(table, file, model, report)
    if old == model.grid:
        return table
    report.resized.append(f"{file.name(TABLE)} from {shape_text(old)} to {shape_text(model.grid)}")
    return resize_positions(table, old, model.grid, mode)


def grid_in_file(table: Tensor, file: File, model: nn.Module, report) -> tuple[int, int]:
    """(rows, columns) from a config.json's image size, else the model's if the number of rows agrees, else a square."""
    rows = table.shape[1] - (file.name(TOKEN) in file.tensors)
    if "image_size" in file.stated:
        return grid_stated(rows, file, model)
    side = math.isqrt(rows)
    grid = model.grid if rows == math.prod(model.grid) else (side, side)
    if rows < 1 or math.prod(grid) != rows:
        raise file.error(
            f"{file.name(TABLE)} has {rows} rows of patches, expected a square or {shape_text(model.grid)}"
        )
    if file.made_with is None:
        report.assumed.append(f"positions on a grid of {shape_text(grid)}")
    return grid


def grid_stated(rows: int, file: File, model: nn.Module) -> tuple[int, int]:
    """The model's patches in images of the stated size. UserError unless there are as many as rows."""
    size = file.stated["image_size"]
    try:
        grid = grid_of(model.stem.output_size(size) if isinstance(model, Hybrid) else size, model.patch)
    except ValueError as error:
        raise file.error(f"its config.json says images of {shape_text(size)} ({error})") from None
    if math.prod(grid) != rows:
        raise file.error(
            f"its config.json says images of {shape_text(size)}, which are {shape_text(grid)} patches, "
            f"but {file.name(TABLE)} has {rows} rows of patches; use the config.json of this file"
        )
    return grid


def drop_sines(table: Tensor, file: File, model: nn.Module, report) -> None:
    """Drop a table of sines, which the model computes itself; its class row is added to the class token."""
    row, token = int(file.name(TOKEN) in file.tensors), file.name(TOKEN)
    grid = grid_in_file(table, file, model, report)
    sines = Sincos2D(grid, table.shape[2], False).table(table.device, torch.float64)
    if sines.shape != table[0, row:].shape or (sines - table[0, row:]).abs().max() > ROUNDING:
        raise file.error(f"{file.name(TABLE)} is a learned table, expected none or the sines of position='sincos2d'")
    del file.tensors[file.name(TABLE)]
    report.dropped.append(f"{file.name(TABLE)}, sines that the model computes itself")
    if row and table[:, 0].any():
        file.tensors[token] = file.tensors[token] + table[:, :1]
