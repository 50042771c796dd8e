"""NAME.csv: one line a cell, for people who go on computing."""

import pandas as pd

from vit.report.names import text

NUMBERS = (
    "metric",
    "ours_mean",
    "ours_std",
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


def sheet(report):
    """The whole file as text; costs follow as rows of their own metric."""
    axes = list(
        dict.fromkeys(
            axis for result in report.results for axis, value in result.cell.axes.items() if value is not None
        )
    )
    rows = [
        {**{axis: text(result.cell.axes.get(axis)) for axis in axes}, **_numbers(result)} for result in report.shown
    ]
    for key, cost in report.costs.items():
        labels = dict(zip(report.experiment.rows, map(text, key), strict=True))
        paper = f"{cost.paper:g}" if cost.paper else ""
        counted = {"ours_mean": f"{cost.counted:.4f}", "paper": paper, "verdict": cost.verdict}
        spent = {"ours_mean": "" if cost.spent is None else f"{cost.spent:.6g}"}
        rows.append({**labels, "metric": "exaflops_counted", **counted})
        rows.append({**labels, "metric": "exaflops_of_these_runs", **spent})
    columns = ["experiment", *axes, *NUMBERS]
    table = pd.DataFrame([{"experiment": report.name, **row} for row in rows], columns=columns)
    return table.fillna("").to_csv(index=False, lineterminator="\n")


def _numbers(result):
    return {
        "metric": result.cell.metric,
        "ours_mean": _number(result.mean),
        "ours_std": _number(result.std),
        "n": str(len(result.finished)),
        "planned": str(result.planned),
        "paper": "" if result.paper is None else f"{result.paper:.2f}",
        "difference": _number(result.difference),
        "verdict": result.verdict,
        "pretrain_run": result.cell.upstream or "",
        "runs": ";".join(result.cell.runs),
        "lr": ";".join(dict.fromkeys(f"{metrics['lr']:g}" for metrics in result.finished)),
        "seconds": f"{sum(metrics['seconds'] for metrics in result.finished):.1f}" if result.finished else "",
    }


def _number(value):
    return "" if value is None else f"{value:.4f}"
