"""TensorBoard curves of each cell: mean, min and max over its seeds, at cells/EXPERIMENT/CELL/{mean,min,max}."""

import shutil
from datetime import datetime
from pathlib import Path

import pandas as pd
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from vit.paths import results, runs_folder
from vit.report.collect import Report
from vit.report.names import key_texts
from vit.report.results import Result

STAMP = (
    ".runs"  # lists the runs that the curves were made from; a finished run never changes, so equal lists are current
)
POSITION = ("epoch", "step")  # columns of a run's metrics.csv that are no curve


def write_curves(report: Report) -> None:
    """All curves of an experiment, rewritten only when its set of finished runs has changed."""
    folder = results(report.plan.scale_name) / "cells" / report.name
    cells = {folder_name(report, result): result.finished for result in report.results if result.finished}
    stamp = "\n".join(f"{name}: {' '.join(record['id'] for record in finished)}" for name, finished in cells.items())
    if (folder / STAMP).exists() and (folder / STAMP).read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    runs = runs_folder(report.plan.scale_name)
    for name, finished in cells.items():
        write_cell(folder / name, [read_scalars(runs / record["id"]) for record in finished], finished[0]["date"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STAMP).write_text(stamp)  # last, so that an interrupted rewrite is done again


def folder_name(report: Report, result: Result) -> str:
    """'ImageNet_CIFAR-10_ViT-B-16': row and column, with '-' for characters other than letters, digits, '.', '+', '-'."""
    axes = [*report.experiment.rows, *report.experiment.columns]
    words = key_texts(axes, result.cell.key(axes))
    return "_".join(
        "".join(letter if letter.isalnum() or letter in ".+-" else "-" for letter in word) for word in words
    )


def read_scalars(run: Path) -> pd.DataFrame:
    """A row (step, tag, value) for each point of a run's metrics.csv; no rows if only its record was kept."""
    path = run / "metrics.csv"
    if not path.exists():
        return pd.DataFrame(columns=["step", "tag", "value"])
    table = pd.read_csv(path)
    tags = [column for column in table if column not in POSITION]
    return table.melt("step", tags, "tag", "value").dropna()


def write_cell(folder: Path, seeds: list[pd.DataFrame], date: str) -> None:
    time = datetime.fromisoformat(date).timestamp()
    points = pd.concat(seeds).groupby(["step", "tag"])["value"].agg(["mean", "min", "max"])
    for name in points:
        write_events(folder / name, points[name], time)


def write_events(folder: Path, scalars: pd.Series, time: float) -> None:
    """scalars: indexed by (step, tag). time: in seconds since the epoch."""
    folder.mkdir(parents=True)
    # Not tensorboard's SummaryWriter, which stamps events with the time of rendering: equal runs would give other bytes.
    with open(folder / "events.out.tfevents.0.seeds", "wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=time, file_version="brain.Event:2").SerializeToString())
        for (step, tag), value in scalars.items():
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.write(Event(wall_time=time, step=step, summary=summary).SerializeToString())
