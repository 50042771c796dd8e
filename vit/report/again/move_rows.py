"""The moves of cells as lines of a table for people, and as NAME.csv."""

from math import isinf

import pandas as pd

from vit.report.again.moves import Move, Moves, label

COLUMNS = ("cell", "stated", "again", "move", "in spreads", "learning rate")


def row(move: Move, axes: list[str]) -> tuple[str, ...]:
    """axes: those that tell the cells apart."""
    stated, again = move.stated, move.again
    spread = "" if stated.std is None else f" ±{stated.std:.2f}"
    rates = stated.lr if stated.lr == again.lr else f"{stated.lr} → {again.lr}"
    means = (f"{stated.mean:.2f}{spread}", f"{again.mean:.2f}", f"{move.difference:+.2f}")
    return label(stated, axes), *means, in_spreads(move), rates


def in_spreads(move: Move) -> str:
    if move.spreads is None:
        return "no spread"
    return "spread is 0" if isinf(move.spreads) else f"{move.spreads:+.1f}"


def as_csv(name: str, moves: Moves) -> str:
    """A line for each cell; those that have a number in one file only leave the other's columns empty."""
    axes = list(dict.fromkeys(axis for cell in moves.cells for axis in cell.axes))
    pairs = [*((move.stated, move.again, move) for move in moves.moves)]
    pairs += [(cell, None, None) for cell in moves.only_stated] + [(None, cell, None) for cell in moves.only_again]
    rows = [
        [name, *((stated or again).axes.get(axis, "") for axis in axes), *numbers(stated, again, move)]
        for stated, again, move in pairs
    ]
    columns = (
        "metric",
        "stated_mean",
        "stated_std",
        "again_mean",
        "again_std",
        "move",
        "in_spreads",
        "stated_lr",
        "again_lr",
    )
    return pd.DataFrame(rows, columns=["experiment", *axes, *columns]).to_csv(index=False, lineterminator="\n")


def numbers(stated, again, move: Move | None) -> list[str]:
    means = [
        four_digits(value) for cell in (stated, again) for value in ((cell.mean, cell.std) if cell else (None, None))
    ]
    moved = [four_digits(move.difference), four_digits(move.spreads)] if move else ["", ""]
    return [(stated or again).metric, *means, *moved, stated.lr if stated else "", again.lr if again else ""]


def four_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
