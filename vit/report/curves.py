"""Curves of a cell for TensorBoard: mean, smallest and largest value over its seeds, at cells/EXPERIMENT/CELL/{mean,min,max}."""

import csv
import shutil
from datetime import datetime
from statistics import fmean

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from vit.plan.folders import results, runs_folder
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
    """(tag, step) -> value, from its metrics.csv; nothing where only the result was kept."""
    path = run / "metrics.csv"
    if not path.exists():
        return {}
    with open(path, newline="") as file:
        rows = [(int(row["step"]), row) for row in csv.DictReader(file)]
    return {
        (tag, step): float(value) for step, row in rows for tag, value in row.items() if value and tag not in POSITION
    }


def _write_cell(folder, seeds, date):
    time, together = datetime.fromisoformat(date).timestamp(), {}
    for scalars in seeds:
        for place, value in scalars.items():
            together.setdefault(place, []).append(value)
    for name, function in (("mean", fmean), ("min", min), ("max", max)):
        _write_events(folder / name, {place: function(values) for place, values in together.items()}, time)


def _write_events(folder, scalars, time):
    """An event file with the time of the run, not of the rendering: tensorboard's own writer would take the clock's."""
    folder.mkdir(parents=True)
    with open(folder / "events.out.tfevents.0.seeds", "wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=time, file_version="brain.Event:2").SerializeToString())
        for (tag, step), value in sorted(scalars.items(), key=lambda item: item[0][1]):
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.write(Event(wall_time=time, step=step, summary=summary).SerializeToString())
