"""The folder cells/ of a scale: cells/EXPERIMENT/CELL/{mean,min,max}, and what TensorBoard shows of each experiment.

Wall times are the dates of the runs' records, so equal runs give equal bytes whenever they are rendered.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from vit.paths import results, runs_folder
from vit.plan import Plan
from vit.report.collect import Report
from vit.report.document import Document
from vit.report.facts.fact_results import FactReport
from vit.report.results import Result
from vit.report.table import printed_key
from vit.report.tensorboard.curves import read_scalars, write_curves
from vit.report.tensorboard.events import FILE, event_bytes, picture, text
from vit.report.tensorboard.explanation import write_explanation
from vit.report.tensorboard.numbers import numbers, settings, write_numbers
from vit.report.tensorboard.tables import table_text

STAMP = ".shown"  # what each folder was written from; a finished run never changes, so an equal entry is current


def write_board(report: Report | FactReport, shown: Document, png: bytes | None) -> None:
    """What has changed of an experiment."""
    root = results(report.plan.scale_name) / "cells"
    writers = {".": table_writer(report, shown, png)}
    if isinstance(report, Report):
        finished = [result for result in report.results if result.finished]
        writers |= {folder_name(report, result): cell_writer(report, result) for result in finished}
    update(root / report.name, writers)


def complete_board(plan: Plan) -> None:
    """What all experiments share: the page that explains; experiments that left the plan are removed."""
    root = results(plan.scale_name) / "cells"
    remove_others(root, plan)
    write_explanation(root, plan)


def update(folder: Path, writers: dict[str, tuple[str, Callable[[Path], None]]]) -> None:
    """writers: subfolder -> (what it is written from, what writes it); '.' for what belongs to no cell."""
    new, old = {name: source for name, (source, _) in writers.items()}, read_stamp(folder)
    if new == old:
        return
    (folder / STAMP).unlink(missing_ok=True)  # and written last, so that an interrupted rewrite is done again
    current = {name for name, source in new.items() if old.get(name) == source}
    for path in folder.glob("*") if folder.exists() else ():
        if path.is_dir() and path.name not in current:
            shutil.rmtree(path)
    for name, (_, write) in writers.items():
        if name not in current:
            write(folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STAMP).write_text(json.dumps(new, indent=0))


def read_stamp(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / STAMP).read_text())
    except (FileNotFoundError, ValueError):
        return {}


def cell_writer(report: Report, result: Result) -> tuple[str, Callable[[Path], None]]:
    runs = [record["id"] for record in result.finished]
    time, folder = time_of(result.finished[0]), runs_folder(report.plan.scale_name)

    def write(target: Path) -> None:
        write_numbers(target, f"{report.name}/{target.name}", report, result)
        write_curves(target, [read_scalars(folder / run) for run in runs], time)

    return json.dumps([runs, settings(report, result), numbers(result)]), write


def table_writer(report: Report | FactReport, shown: Document, png: bytes | None) -> tuple[str, Callable[[Path], None]]:
    """Table and picture go into a file of their own in the folder above, so that all experiments are one run, `cells`:
    where there are more than 40, TensorBoard shows no text and no picture of any until some are selected."""
    values = [text(f"tables/{report.name}", table_text(shown))]  # a tag belongs to one of TensorBoard's pages
    values += [picture(f"pictures/{report.name}", png)] if png else []
    time = max(map(time_of, report.finished.values()), default=0.0) if isinstance(report, Report) else 0.0
    digest = hashlib.sha256(b"".join(value.SerializeToString() for value in values)).hexdigest()

    def write(folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        table_file(folder).write_bytes(event_bytes({0: values}, time))

    return digest, write


def table_file(folder: Path) -> Path:
    """cells/events....table5, of cells/table5."""
    return folder.parent / f"{FILE}.{folder.name}"


def time_of(record: dict) -> float:
    return datetime.fromisoformat(record["date"]).timestamp()


def folder_name(report: Report, result: Result) -> str:
    """'ImageNet_CIFAR-10_ViT-B-16': row and column, with '-' for characters other than letters, digits, '.', '+', '-'."""
    words = printed_key(result, [*report.experiment.rows, *report.experiment.columns])
    return "_".join(
        "".join(letter if letter.isalnum() or letter in ".+-" else "-" for letter in word) for word in words
    )


def remove_others(root: Path, plan: Plan) -> None:
    """Experiments whose YAML is gone; one with a mistake in it keeps what was finished."""
    for folder in root.iterdir():
        if folder.is_dir() and folder.name not in plan.experiments and not plan.error_of(folder.name):
            table_file(folder).unlink(missing_ok=True)
            shutil.rmtree(folder)
