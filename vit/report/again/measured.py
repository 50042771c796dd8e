"""The measured cells of a rendered NAME.csv, found by their axes and metric."""

import csv
from dataclasses import dataclass
from pathlib import Path

from vit.errors import UserError
from vit.paths import name_of
from vit.report.paper_values import parse_number

FIRST, MEAN = "experiment", "ours_mean"  # the columns that the axes follow, and, after that of the metric, precede
READ = ("metric", MEAN, "ours_std", "n", "lr", "runs")


@dataclass(frozen=True)
class Measured:
    """One cell that has a number."""

    axes: dict[str, str]  # as printed; without those that the cell does not have
    metric: str
    mean: float
    std: float | None  # over seeds; None for a single one
    lr: str  # 'a;b' for seeds with different rates
    runs: str  # ids 'a;b', each ending in a hash of its config, in which that of its pre-training is hashed too

    @property
    def key(self) -> tuple:
        """What the same cell of another file has in common with it."""
        return frozenset(self.axes.items()), self.metric


def read_measured(path: Path) -> dict[tuple, Measured]:
    """Key -> cell, in the order of the file; without costs, which are counted. Errors: UserError."""
    name = name_of(path)
    try:
        with open(path, newline="") as file:
            header, *rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]
    except FileNotFoundError:
        raise UserError(f"{name}: no such file; `make {path.stem}` renders it from finished runs") from None
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UserError(f"{name}: not a CSV file of an experiment: {error}") from None
    columns = header[1]
    check_header(columns, name)
    cells = {}
    for number, row in rows:
        if len(row) != len(columns):
            raise UserError(f"{name}:{number}: {len(row)} values for {len(columns)} columns; render the file again")
        cell = measured(columns, row, f"{name}:{number}")
        if cell and cells.setdefault(cell.key, cell) is not cell:
            raise UserError(
                f"{name}:{number}: a second cell with the same axes and metric; delete one of the two lines"
            )
    return cells


def check_header(columns: list[str], name: str) -> None:
    if "ours" in columns and MEAN not in columns:
        raise UserError(f"{name}: a table of sizes or recipes; nothing is trained for it, so it cannot be made anew")
    missing = [column for column in (FIRST, *READ) if column not in columns]
    if missing:
        raise UserError(f"{name}: no column '{missing[0]}'; this is not the CSV of an experiment")


def measured(columns: list[str], row: list[str], where: str) -> Measured | None:
    """The cell of a line; None where nothing is finished, and for costs, which have no number of seeds."""
    position = columns.index(MEAN)  # an axis may be called 'metric' too, so the metric is found by its place
    value = dict(zip(columns[position - 1 :], row[position - 1 :], strict=True))
    if not value["n"] or not value[MEAN]:
        return None
    first = columns.index(FIRST) + 1
    axes = zip(columns[first : position - 1], row[first : position - 1], strict=True)
    std = number(value["ours_std"], f"{where}: ours_std") if value["ours_std"] else None
    known = {axis: text for axis, text in axes if text}
    return Measured(known, value["metric"], number(value[MEAN], f"{where}: {MEAN}"), std, value["lr"], value["runs"])


def number(text: str, where: str) -> float:
    return parse_number(text, where, "render the file again")
