"""The paper's printed numbers, looked up by (table, row, column) in results/paper/*.csv."""

import csv
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from vit.errors import UserError, nearest
from vit.paths import PAPER, name_of
from vit.plan.schema import Paper


class Published:
    """One printed table; the experiment's `paper` section says what each column of its CSV holds."""

    def __init__(self, paper: Paper):
        self.paper = paper
        self.path = name_of(PAPER / paper.file)
        columns = [*paper.match.values(), *value_columns(paper), *filter(None, (paper.cost, paper.over))]
        self.rows = read_rows(PAPER / paper.file, columns)
        exact = {"file": paper.exact_file, "value": paper.exact_cost}
        self.exact = Published(replace(paper, **exact, cost=None, exact_file=None)) if paper.exact_file else None

    def value(self, axes: dict) -> float | None:
        """Top-1 percent of a cell; None where the paper has no such cell or leaves it empty."""
        value = self.paper.value
        printed = self.number(axes, value.get(axes.get(self.paper.by)) if isinstance(value, dict) else value)
        return None if printed is None else printed * self.paper.times

    def cost(self, axes: dict) -> float | None:
        """ExaFLOPs of pre-training, as printed."""
        return self.number(axes, self.paper.cost)

    def exact_cost(self, axes: dict) -> float | None:
        """The same, from the file with more digits if the experiment names one."""
        return self.exact.value(axes) if self.exact else self.cost(axes)

    def number(self, axes: dict, column: str | None) -> float | None:
        matches = [(line, row) for line, row in self.rows if self.matches(row, axes)]
        if self.paper.over and matches:
            where = f"{self.path}:{{}}: column '{column}'"
            return fmean(parse_number(row[column], where.format(line)) for line, row in matches)
        if len(matches) > 1:
            (first, _), (second, _), *_ = matches
            key = ", ".join(f"{name} {axes.get(axis)}" for axis, name in self.paper.match.items())
            raise UserError(f"{self.path}: lines {first} and {second} have the same key ({key}); delete one of them")
        if not matches or column is None or not matches[0][1][column].strip():
            return None
        line, row = matches[0]
        return parse_number(row[column], f"{self.path}:{line}: column '{column}'")

    def matches(self, row: dict[str, str], axes: dict) -> bool:
        return all(
            same_value(self.paper.names.get(axes.get(axis), axes.get(axis)), row[key])
            for axis, key in self.paper.match.items()
        )


def value_columns(paper: Paper) -> Iterable[str]:
    return paper.value.values() if isinstance(paper.value, dict) else [paper.value]


def read_rows(path: Path, columns: list[str]) -> list[tuple[int, dict[str, str]]]:
    """(line number, row) for each row of a CSV that must have these columns."""
    name = name_of(path)
    try:
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            rows, header = [(reader.line_num, row) for row in reader], reader.fieldnames or []
    except FileNotFoundError:
        raise UserError(f"{name}: no such file; published numbers belong in results/paper/") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{name}: not a CSV file: {error}") from None
    for column in columns:
        if column not in header:
            raise UserError(f"{name}: no column '{column}'{nearest(column, header)} (columns: {', '.join(header)})")
    for line, row in rows:
        if None in row or None in row.values():  # DictReader's key of surplus fields, and its value of missing ones
            raise UserError(f"{name}:{line}: expected {len(header)} columns: {', '.join(header)}")
    return rows


def parse_number(text: str, position: str) -> float:
    """position: file, line and column, for the message."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{position}: '{text}' is not a number; a value that the paper does not print is left empty")
    return number


def same_value(ours: object, printed: str) -> bool:
    """7, '7' and '7.0' are the same number of epochs; other values are compared as text."""
    try:
        return float(ours) == float(printed)
    except (TypeError, ValueError):  # an axis may also be None or a list
        return str(ours) == printed.strip()
