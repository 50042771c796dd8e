"""Finished seeds as one tidy pandas table, a row per seed of a cell; the report's tables group it, notebooks can too."""

from collections.abc import Sequence

import pandas as pd

from vit.errors import UserError
from vit.paths import name_of, runs_folder
from vit.plan import Cell, Plan, make_plan
from vit.plan.units import UNITS
from vit.record import held_out_score, read_record
from vit.report.names import axis_text

COLUMNS = (
    *("experiment", "metric", "value", "run", "seed", "pretrain_run", "pretrain_seed"),
    *("lr", "seconds", "date", "commit", "device"),
)
NUMBERS = {"cell": int, "value": float, "seed": int, "pretrain_seed": int, "lr": float, "seconds": float}


def frame(scale: str, experiments: Sequence[str] | None = None) -> pd.DataFrame:
    """The finished seeds of a scale's experiments (default: all). Experiments share runs: group one at a time.

    Columns: cell (its position in the experiment), the axes under the paper's names, experiment, metric, value (percent, or
    the metric's own unit), run, seed, pretrain_run, pretrain_seed (0 without one), lr, seconds, date, commit, device. An axis that a cell does not have is "".
    """
    plan = make_plan(scale, experiments)
    folder = runs_folder(scale)
    finished = {run: record for run in plan.runs if (record := read_record(folder / run))}
    frames = [seeds(plan, cells_of(plan, name), finished) for name in plan.experiments]
    return pd.concat(frames, ignore_index=True).fillna("")


def cells_of(plan: Plan, experiment: str) -> list[Cell]:
    return [cell for cell in plan.cells if cell.experiment == experiment]


def seeds(plan: Plan, cells: list[Cell], finished: dict[str, dict]) -> pd.DataFrame:
    """The rows of these cells. finished: run id -> record."""
    axes = list(dict.fromkeys(axis for cell in cells for axis in cell.axes))
    rows = [
        {"cell": position, **{axis: axis_text(axis, cell.axes.get(axis)) for axis in axes}, **seed_row(plan, cell, run, finished[run])}
        for position, cell in enumerate(cells)
        for run in chosen(cell, finished)
        if run in finished
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(dict.fromkeys(["cell", *axes, *COLUMNS]))).astype(NUMBERS)


def seed_row(plan: Plan, cell: Cell, run: str, record: dict) -> dict:
    seed, start = seed_of(plan, run), pretraining_of(plan, cell, run)
    measured = {
        "metric": cell.metric,
        "value": metric_value(plan, run, record, cell.metric),
        "run": run,
        "seed": seed,
    }
    started = {"pretrain_run": start or "", "pretrain_seed": seed_of(plan, start) if start else 0}
    made = {key: record[key] for key in ("lr", "seconds", "date", "commit", "device")}
    return {"experiment": cell.experiment, **measured, **started, **made}


def seed_of(plan: Plan, run: str) -> int:
    return plan.runs[run].config["seed_everything"]


def pretraining_of(plan: Plan, cell: Cell, run: str) -> str | None:
    """The one of the cell's pre-training runs that a run of it starts from."""
    while run is not None and run not in cell.upstreams:  # a run needs what it starts from, then its sweep
        run = next(iter(plan.runs[run].needs), None)
    return run


def metric_value(plan: Plan, run: str, record: dict, metric: str) -> float:
    """In percent, but for metrics that have another unit (vit.plan.units)."""
    metrics = record["metrics"]
    if metric not in metrics:
        path = name_of(runs_folder(plan.scale_name) / run / "metrics.json")
        raise UserError(f"{path}: metrics: no '{metric}'; this run measured {', '.join(metrics)}")
    return metrics[metric] * (100 if UNITS.get(metric, "percent") == "percent" else 1)


def chosen(cell: Cell, finished: dict[str, dict]) -> Sequence[str]:
    """Ids of the cell's seeds; of competing settings, those whose sweep did best on held-out images (B.1.1).

    Empty until every sweep is finished: a choice among some of them might change later.
    """
    if not cell.choices:
        return cell.runs
    swept = [run for sweep, _ in cell.choices for run in sweep]
    if not all(run in finished for run in swept):
        return ()
    return max(
        cell.choices, key=lambda choice: max(held_out_score(finished[run], cell.select_by) for run in choice[0])
    )[1]
