"""The training loss of a run by update, from its metrics.csv, with few points: enough for a small picture."""

import csv
from math import isfinite
from pathlib import Path

POINTS = 60  # at most


def training_curve(path: Path) -> tuple[list[int], list[float]]:
    """(updates, losses); both empty where the file is gone, damaged or without losses. Losses that are not finite are left out."""
    try:
        with open(path, newline="", errors="replace") as file:
            points = read_points(csv.reader(file))
    except (
        FileNotFoundError,
        ValueError,
        csv.Error,
    ):  # the numbers of the page are those of the record, which was kept
        return [], []
    kept = [points[i] for i in thinned(len(points))]
    return [step for step, _ in kept], [loss for _, loss in kept]


def read_points(lines) -> list[tuple[int, float]]:
    header = next(lines, [])
    if not {"step", "train_loss"} <= set(header):
        return []
    step, loss = header.index("step"), header.index("train_loss")
    rows = (line for line in lines if len(line) == len(header) and line[loss])
    points = [(int(float(line[step])), float(line[loss])) for line in rows]
    return [point for point in points if isfinite(point[1])]


def thinned(count: int) -> list[int]:
    """Positions of at most POINTS of them, evenly spread, the first and the last included."""
    if count <= POINTS:
        return list(range(count))
    return [round(i * (count - 1) / (POINTS - 1)) for i in range(POINTS)]
