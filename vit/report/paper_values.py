"""The paper's printed numbers, found by (table, row, column) in results/paper/*.csv."""

import csv
import math
from dataclasses import replace

from vit.errors import UserError, nearest
from vit.paths import PAPER, name_of


class Published:
    """One printed table: which column of its CSV holds what is the experiment's `paper` section."""

    def __init__(self, paper):
        self.paper = paper
        self.place = name_of(PAPER / paper.file)
        columns = [*paper.match.values(), *_value_columns(paper), *([paper.cost] if paper.cost else [])]
        self.rows = _read(PAPER / paper.file, self.place, columns)
        exact = {"file": paper.exact_file, "value": paper.exact_cost}
        self.exact = Published(replace(paper, **exact, cost=None, exact_file=None)) if paper.exact_file else None

    def value(self, axes):
        """Top-1 percent of a cell; None where the paper has no such cell or left it empty."""
        value = self.paper.value
        printed = self._number(axes, value.get(axes.get(self.paper.by)) if isinstance(value, dict) else value)
        return None if printed is None else printed * self.paper.times

    def cost(self, axes):
        """ExaFLOPs of pre-training, as printed."""
        return self._number(axes, self.paper.cost)

    def exact_cost(self, axes):
        """The same with more digits where another file has them."""
        return self.exact.value(axes) if self.exact else self.cost(axes)

    def _number(self, axes, column):
        found = [(line, row) for line, row in self.rows if self._matches(row, axes)]
        if len(found) > 1:
            names = ", ".join(f"{key} {axes.get(axis)}" for axis, key in self.paper.match.items())
            raise UserError(f"{self.place}: lines {found[0][0]} and {found[1][0]} both stand for {names}")
        if not found or column is None or not found[0][1][column].strip():
            return None
        line, row = found[0]
        return _number(row[column], f"{self.place}:{line}: column '{column}'")

    def _matches(self, row, axes):
        return all(
            _same(self.paper.names.get(axes.get(axis), axes.get(axis)), row[key])
            for axis, key in self.paper.match.items()
        )


def _value_columns(paper):
    return paper.value.values() if isinstance(paper.value, dict) else [paper.value]


def _read(path, place, columns):
    """(line, row) for each row of a CSV that must have these columns."""
    try:
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            rows, header = [(reader.line_num, row) for row in reader], reader.fieldnames or []
    except FileNotFoundError:
        raise UserError(f"{place}: no such file; published numbers stand in results/paper/") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{place}: not a CSV file: {error}") from None
    for column in columns:
        if column not in header:
            raise UserError(
                f"{place}: no column '{column}'{nearest(column, header) or ' (there is: ' + ', '.join(header) + ')'}"
            )
    for line, row in rows:
        if None in row or None in row.values():
            raise UserError(f"{place}:{line}: {len(header)} columns were expected ({', '.join(header)})")
    return rows


def _number(text, where):
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{where}: '{text}' is not a number")
    return number


def _same(ours, printed):
    """7 and '7' and '7.0' are the same number of epochs."""
    try:
        return float(ours) == float(printed)
    except (TypeError, ValueError):
        return str(ours) == printed.strip()
