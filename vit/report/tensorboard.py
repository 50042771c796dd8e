"""Curves of a cell for TensorBoard: mean, smallest and largest value over its seeds, at cells/EXPERIMENT/CELL/{mean,min,max}."""

import shutil
from datetime import datetime

import pandas as pd
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from vit.paths import results, runs_folder
from vit.report.names import text

STAMP = ".runs"  # what the curves were made from; a finished run never changes
POSITION = ("epoch", "step")  # columns of a run's metrics.csv that are no curve


def write_curves(report):
    """All curves of an experiment, written anew when its set of finished runs has changed."""
    folder = results(report.plan.scale_name) / "cells" / report.name
    cells = {_folder_name(report, result): result.finished for result in report.results if result.finished}
    stamp = "\n".join(f"{name}: {' '.join(metrics['id'] for metrics in finished)}" for name, finished in cells.items())
    if (folder / STAMP).exists() and (folder / STAMP).read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    runs = runs_folder(report.plan.scale_name)
    for name, finished in cells.items():
        _write_cell(folder / name, [_scalars(runs / metrics["id"]) for metrics in finished], finished[0]["date"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STAMP).write_text(stamp)


def _folder_name(report, result):
    """'ImageNet_CIFAR-10_ViT-B-16': the row and the column, without what a folder's name cannot hold."""
    words = [text(value) for value in result.cell.key([*report.experiment.rows, *report.experiment.columns])]
    return "_".join(
        "".join(letter if letter.isalnum() or letter in ".+-" else "-" for letter in word) for word in words
    )


def _scalars(run):
    """A row (tag, step, value) for each point of a run's metrics.csv; none where only the result was kept."""
    path = run / "metrics.csv"
    if not path.exists():
        return pd.DataFrame(columns=["step", "tag", "value"])
    table = pd.read_csv(path)
    tags = [column for column in table if column not in POSITION]
    return table.melt("step", tags, "tag", "value").dropna()


def _write_cell(folder, seeds, date):
    time = datetime.fromisoformat(date).timestamp()
    points = pd.concat(seeds).groupby(["step", "tag"])["value"].agg(["mean", "min", "max"])
    for name in points:
        _write_events(folder / name, points[name], time)


def _write_events(folder, scalars, time):
    """An event file with the time of the run, not of the rendering: tensorboard's own writer would take the clock's."""
    folder.mkdir(parents=True)
    with open(folder / "events.out.tfevents.0.seeds", "wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=time, file_version="brain.Event:2").SerializeToString())
        for (step, tag), value in scalars.items():
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.write(Event(wall_time=time, step=step, summary=summary).SerializeToString())
