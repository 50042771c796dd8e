"""NAME.csv: one line per cell, for further computation."""

import pandas as pd

from vit.report.against_base import is_base
from vit.report.collect import Report
from vit.report.names import axis_text, key_texts
from vit.report.results import Result
from vit.report.spread import pretraining_spread, transfer_spread

NUMBERS = (
    "metric",
    "ours_mean",
    "ours_std",
    "std_pretraining",
    "std_transfer",
    "n",
    "planned",
    "paper",
    "difference",
    "verdict",
    "pretrain_run",
    "runs",
    "lr",
    "seconds",
)
TO_BASE = ("base_difference", "base_low", "base_high", "base_interval")  # of experiments with a base


def sheet(report: Report) -> str:
    """The file's text: the cells, then the costs, of each row or column of the table, under metrics of their own."""
    axes = list(
        dict.fromkeys(
            axis for result in report.results for axis, value in result.cell.axes.items() if value is not None
        )
    )
    rows = [
        {
            **{axis: axis_text(axis, result.cell.axes.get(axis)) for axis in axes},
            **numbers(result),
            **to_base(report, result),
        }
        for result in report.table_results
    ]
    for key, cost in report.costs.items():
        labels = labelled(report.experiment.rows, key)
        paper = f"{cost.paper:g}" if cost.paper else ""
        counted = {"ours_mean": f"{cost.counted:.4f}", "paper": paper, "verdict": cost.verdict}
        spent = {"ours_mean": "" if cost.spent is None else f"{cost.spent:.6g}"}
        rows.append({**labels, "metric": "exaflops_counted", **counted})
        rows.append({**labels, "metric": "exaflops_of_these_runs", **spent})
    for key, days in report.core_days.items():
        labels = labelled(report.experiment.columns, key)
        paper = {"paper": f"{days.printed:g}" if days.printed else ""}
        rows.append({**labels, "metric": "exaflops_counted", "ours_mean": f"{days.exaflops:.4f}"})
        for name, bound in zip(("low", "high"), days.implied or (), strict=False):
            rows.append({**labels, "metric": f"tpuv3_core_days_{name}", "ours_mean": f"{bound:.1f}", **paper})
    columns = ["experiment", *axes, *NUMBERS, *(TO_BASE if report.experiment.base else ())]
    table = pd.DataFrame([{"experiment": report.name, **row} for row in rows], columns=columns)
    return table.fillna("").to_csv(index=False, lineterminator="\n")


def labelled(axes: list[str], key: tuple) -> dict[str, str]:
    """Axis -> its printed value in the key of a row or a column."""
    return dict(zip(axes, key_texts(axes, key), strict=True))


def numbers(result: Result) -> dict[str, str]:
    return {
        "metric": result.cell.metric,
        "ours_mean": four_digits(result.mean),
        "ours_std": four_digits(result.std),  # that of pre-trainings where there are several, else of transfer seeds
        "std_pretraining": four_digits(pretraining_spread(result.values)),
        "std_transfer": four_digits(transfer_spread(result.values)),
        "n": str(len(result.finished)),
        "planned": str(result.planned),
        "paper": "" if result.paper is None else f"{result.paper:.2f}",
        "difference": four_digits(result.difference),
        "verdict": result.verdict,
        "pretrain_run": ";".join(result.cell.upstreams),
        "runs": ";".join(result.cell.runs),
        "lr": ";".join(dict.fromkeys(f"{record['lr']:g}" for record in result.finished)),
        "seconds": f"{sum(record['seconds'] for record in result.finished):.1f}" if result.finished else "",
    }


def to_base(report: Report, result: Result) -> dict[str, str]:
    """The difference to the base, and how its interval was computed; 'base' there for the base itself."""
    if not report.experiment.base:
        return {}
    change = result.to_base
    mean, (low, high) = (change.mean, change.interval or (None, None)) if change else (None, (None, None))
    method = "base" if is_base(report.experiment, result) else change.method if change else ""
    return dict(zip(TO_BASE, (four_digits(mean), four_digits(low), four_digits(high), method), strict=True))


def four_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
