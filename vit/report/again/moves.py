"""How far each cell moved between two files, in its unit and in the spreads that the first file states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean

from vit.plan.units import UNITS
from vit.report.again.measured import Measured

DIGITS = 4  # of means and spreads in the files
FAR = 2  # spreads


@dataclass(frozen=True)
class Move:
    """A cell that has a number in both files."""

    stated: Measured
    again: Measured

    @property
    def difference(self) -> float:
        """The new mean minus the stated one."""
        return round(self.again.mean - self.stated.mean, DIGITS)

    @property
    def spreads(self) -> float | None:
        """The difference in stated standard deviations over seeds; None where a single seed states none."""
        spread = self.stated.std
        if spread is None:
            return None
        return self.difference / spread if spread else inf * self.difference if self.difference else 0.0

    @property
    def far(self) -> bool:
        return self.spreads is not None and abs(self.spreads) > FAR

    @property
    def unit(self) -> str:
        unit = UNITS.get(self.stated.metric, "percent")
        return "points" if unit == "percent" else unit


@dataclass(frozen=True)
class Moves:
    """Two files, cell by cell."""

    moves: list[Move]
    only_stated: list[Measured]  # cells that have no number in the other file
    only_again: list[Measured]

    @property
    def cells(self) -> list[Measured]:
        return [*(move.stated for move in self.moves), *self.only_stated, *self.only_again]

    @property
    def other_rates(self) -> list[Move]:
        """Cells for which another learning rate was chosen."""
        return [move for move in self.moves if move.stated.lr != move.again.lr]

    @property
    def other_runs(self) -> list[Move]:
        """Cells whose runs have other names: the config or the code version is not the same."""
        return [move for move in self.moves if move.stated.runs != move.again.runs]

    def by_unit(self) -> dict[str, list[Move]]:
        """Numbers of different units have no common mean."""
        units = dict.fromkeys(move.unit for move in self.moves)
        return {unit: [move for move in self.moves if move.unit == unit] for unit in units}


def moves_between(stated: Mapping[tuple, Measured], again: Mapping[tuple, Measured]) -> Moves:
    """Both: key -> cell."""
    return Moves(
        [Move(cell, again[key]) for key, cell in stated.items() if key in again],
        [cell for key, cell in stated.items() if key not in again],
        [cell for key, cell in again.items() if key not in stated],
    )


def root_mean_square(values: Iterable[float]) -> float:
    return sqrt(fmean(value**2 for value in values))


def telling_axes(cells: list[Measured]) -> list[str]:
    """The axes that tell the cells apart, as few as possible, in the order of the file."""
    axes = list(dict.fromkeys(axis for cell in cells for axis in cell.axes))
    different = len({label(cell, axes) for cell in cells})
    for axis in sorted(reversed(axes), key=lambda axis: not holds_mappings(axis, cells)):
        fewer = [other for other in axes if other != axis]
        if fewer and len({label(cell, fewer) for cell in cells}) == different:
            axes = fewer
    return axes


def holds_mappings(axis: str, cells: list[Measured]) -> bool:
    """Is it an axis such as 'options', whose values are long to read?"""
    return any(cell.axes.get(axis, "").startswith("{") for cell in cells)


def label(cell: Measured, axes: list[str]) -> str:
    """'ViT-B/16 / ImageNet / CIFAR-10'."""
    return " / ".join(cell.axes.get(axis, "–") for axis in axes)
