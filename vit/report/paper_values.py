"""The paper's printed numbers, looked up by (table, row, column) in results/paper/*.csv."""

import csv
import math
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import fmean

from vit.errors import UserError, nearest
from vit.paths import PAPER, name_of
from vit.plan.schema import Paper

# Two means of three runs each, with equal deviations s, are within 2.3 s of each other in 95% of repetitions (Student's t).
SPREADS = 2


class Published:
    """One printed table; the experiment's `paper` section says what each column of its CSV holds."""

    def __init__(self, paper: Paper):
        self.paper = paper
        self.path = name_of(PAPER / paper.file)
        named = (paper.spread, paper.cost, paper.x, paper.speed, paper.over)
        columns = [*paper.match.values(), *value_columns(paper), *filter(None, named)]
        self.rows = read_rows(PAPER / paper.file, columns)
        without = dict.fromkeys(("spread", "cost", "x", "speed"))
        exact = {"file": paper.exact_file, "value": paper.exact_cost, **without}
        self.exact = Published(replace(paper, **exact, exact_file=None)) if paper.exact_file else None

    def value(self, axes: dict) -> float | None:
        """Top-1 percent of a cell, of a curve at its end; None where the paper has no such cell or leaves it empty."""
        if self.paper.x:
            return next((y for _, y in reversed(self.points(axes, self.paper.x))), None)
        printed = self.number(axes, self.value_column(axes))
        return None if printed is None else printed * self.factor(axes)

    def tolerance(self, axes: dict) -> float:
        """Of a cell, in points: the experiment's, or twice the deviation that the paper prints for the cell if that is more."""
        spread = self.number(axes, self.paper.spread) if self.paper.spread else None
        return max(self.paper.tolerance, SPREADS * (spread or 0) * self.factor(axes))

    def factor(self, axes: dict) -> float:
        times = self.paper.times
        return times.get(axes.get(self.paper.by), 1) if isinstance(times, dict) else times

    def value_column(self, axes: dict) -> str | None:
        value = self.paper.value
        return value.get(axes.get(self.paper.by)) if isinstance(value, dict) else value

    def points(self, axes: dict, column: str) -> list[tuple[float, float]]:
        """(x, percent) of each point that a figure has of a cell, x rising. column: holds x."""
        y_column, points = self.value_column(axes), {}
        for line, row in self.rows if y_column else ():
            if self.matches(row, axes) and row[column].strip() and row[y_column].strip():
                x, y = (parse_number(row[name], f"{self.path}:{line}: column '{name}'") for name in (column, y_column))
                if x in points:
                    raise UserError(
                        f"{self.path}:{line}: a second point at {column} {row[column]} with the same key; delete one"
                    )
                points[x] = y * self.factor(axes)
        return sorted(points.items())

    def figure(self, axes: dict) -> dict[str, list[tuple[float, float]]]:
        """The points of a cell in each of the figure's panels, under 'x' and 'speed'; {} for tables."""
        panels = {"x": (self.paper.x, self.paper.x_times), "speed": (self.paper.speed, 1)}
        return {
            panel: [(x * times, y) for x, y in self.points(axes, column)]
            for panel, (column, times) in panels.items()
            if column
        }

    def cost(self, axes: dict) -> float | None:
        """ExaFLOPs of pre-training, as printed."""
        return self.number(axes, self.paper.cost)

    def exact_cost(self, axes: dict) -> float | None:
        """The same, from the file with more digits if the experiment names one."""
        return self.exact.value(axes) if self.exact else self.cost(axes)

    def core_days(self, axes: dict) -> float | None:
        """TPUv3-core-days of pre-training, as printed."""
        return self.value({**axes, "transfer": self.paper.core_days})

    def number(self, axes: dict, column: str | None) -> float | None:
        if self.paper.over and (matches := self.matching(axes)):
            where = f"{self.path}:{{}}: column '{column}'"
            return fmean(parse_number(row[column], where.format(line)) for line, row in matches)
        text, position = self.printed(axes, column)
        return parse_number(text, position) if text else None

    def printed(self, axes: dict, column: str | None) -> tuple[str, str]:
        """(text, file:line and column) of a cell of the CSV; ("", "") where it is empty or there is none."""
        matches = self.matching(axes)
        if len(matches) > 1:
            (first, _), (second, _), *_ = matches
            key = ", ".join(f"{name} {axes.get(axis)}" for axis, name in self.paper.match.items())
            raise UserError(f"{self.path}: lines {first} and {second} have the same key ({key}); delete one of them")
        if not matches or column is None or not matches[0][1][column].strip():
            return "", ""
        line, row = matches[0]
        return row[column].strip(), f"{self.path}:{line}: column '{column}'"

    def others(self, axes: dict, axis: str, known: Iterable[object]) -> dict[str, float]:
        """Printed name -> value of the rows that differ from a cell in this axis alone, and hold none of the known names."""
        if axis not in self.paper.match:
            return {}
        ours, column = {self.paper.names.get(name, name) for name in known}, self.paper.match[axis]
        names = dict.fromkeys(row[column] for _, row in self.rows if row[column] not in ours)
        values = {name: self.value({**axes, axis: name}) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def matching(self, axes: dict) -> list[tuple[int, dict[str, str]]]:
        """(line, row) of each row of a cell."""
        return [(line, row) for line, row in self.rows if self.matches(row, axes)]

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


def parse_number(
    text: str, position: str, advice: str = "a value that the paper does not print is left empty"
) -> float:
    """position: file, line and column, for the message; advice: what to do."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{position}: '{text}' is not a number; {advice}")
    return number


def same_value(ours: object, printed: str) -> bool:
    """7, '7' and '7.0' are the same number of epochs; other values are compared as text. 'ViT-*' is printed for every ViT."""
    try:
        return float(ours) == float(printed)
    except (TypeError, ValueError):  # an axis may also be None or a list
        return fnmatchcase(str(ours), printed.strip().replace("[", "[[]"))
