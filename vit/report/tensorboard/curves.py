"""Curves of a cell: mean, minimum and maximum over its seeds, of everything that they logged."""

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from vit.report.tensorboard.events import scalar, write_events

KINDS = {"mean": fmean, "min": min, "max": max}
POSITION = ("epoch", "step")  # columns of a run's metrics.csv that are no curve
Point = tuple[int, str, float]  # step, tag, value


def read_scalars(run: Path) -> list[Point]:
    """The points of a run's metrics.csv, row by row; none if only its record was kept."""
    path = run / "metrics.csv"
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [
            (int(row["step"]), tag, value)
            for row in csv.DictReader(file)
            for tag, text in row.items()
            if text and tag not in POSITION and not math.isnan(value := float(text))
        ]


def write_curves(folder: Path, seeds: Iterable[list[Point]], time: float) -> None:
    """FOLDER/mean, FOLDER/min and FOLDER/max; of a single seed with a log its mean, of none nothing."""
    logs, points = [seed for seed in seeds if seed], {}
    for step, tag, value in (point for seed in logs for point in seed):
        points.setdefault(step, {}).setdefault(tag, []).append(value)
    for kind, over_seeds in list(KINDS.items())[: len(KINDS) if len(logs) > 1 else len(logs)]:
        curves = {
            step: [scalar(tag, over_seeds(values)) for tag, values in sorted(points[step].items())]
            for step in sorted(points)
        }
        write_events(folder / kind, curves, time)
