"""Finished seeds as one tidy table of pandas, a row a seed of a cell: what the tables group, and what notebooks start from."""

from math import nan
from statistics import fmean, stdev

import pandas as pd

from vit.errors import UserError
from vit.paths import name_of, runs_folder
from vit.plan import make_plan
from vit.record import read_record
from vit.report.names import text

COLUMNS = ("cell", "experiment", "metric", "value", "run", "lr", "seconds", "pretrain_run", "date", "commit", "device")


def frame(scale, experiments=None):
    """The finished seeds of a scale's experiments (default: all), a DataFrame. Experiments share runs: group one at a time.

    Columns: cell (its position in the experiment), experiment, the axes under the paper's names, metric, value (percent),
    run, lr, seconds, pretrain_run, date, commit, device. An axis that a cell does not have is "".
    """
    plan = make_plan(scale, experiments)
    folder = runs_folder(scale)
    finished = {run: record for run in plan.runs if (record := read_record(folder / run))}
    frames = [seeds(plan, cells_of(plan, name), finished) for name in plan.experiments]
    return pd.concat(frames, ignore_index=True).fillna("")


def cells_of(plan, name):
    return [cell for cell in plan.cells if cell.experiment == name]


def seeds(plan, cells, finished):
    """The rows of these cells. `finished`: run id -> metrics.json of every finished run."""
    rows = [
        {"cell": position, **{axis: text(value) for axis, value in cell.axes.items()}, **seed(plan, cell, run, finished[run])}
        for position, cell in enumerate(cells)
        for run in chosen(cell, finished)
        if run in finished
    ]  # fmt: skip
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=COLUMNS)


def seed(plan, cell, run, record):
    measured = {"metric": cell.metric, "value": percent(plan, run, record, cell.metric), "run": run}
    made = {key: record[key] for key in ("lr", "seconds", "date", "commit", "device")}
    return {"experiment": cell.experiment, **measured, "pretrain_run": cell.upstream or "", **made}


def percent(plan, run, record, metric):
    measured = record["metrics"]
    if metric not in measured:
        path = name_of(runs_folder(plan.scale_name) / run / "metrics.json")
        raise UserError(f"{path}: metrics: no '{metric}' (there is: {', '.join(measured)})")
    return 100 * measured[metric]


def chosen(cell, finished):
    """The runs whose mean the cell is: of competing settings, those whose sweep did best on held-out images (B.1.1)."""
    if not cell.choices:
        return cell.runs
    swept = [run for sweep, _ in cell.choices for run in sweep]
    if not all(run in finished for run in swept):
        return ()
    return max(cell.choices, key=lambda choice: max(held_out(finished[run]) for run in choice[0]))[1]


def held_out(record):
    return record["metrics"]["held_out_accuracy"]


def statistics(values):
    """mean, std (of a sample, n - 1; NaN of a single seed) and count of the seeds of each cell that has any, by `cell`.

    Python's own functions round once, whatever the order of the seeds, so equal seeds give equal bytes on every machine.
    """
    return values.groupby("cell")["value"].agg(mean=fmean, std=deviation, count="count")


def deviation(values):
    return stdev(values) if len(values) > 1 else nan
