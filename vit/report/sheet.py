"""NAME.csv: one line a cell, for people who go on computing."""

import csv
import io

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
    lines = io.StringIO()
    writer = csv.DictWriter(lines, ["experiment", *axes, *NUMBERS], restval="", lineterminator="\n")
    writer.writeheader()
    for result in report.shown:
        writer.writerow(
            {"experiment": report.name, **{axis: text(result.cell.axes.get(axis)) for axis in axes}, **_numbers(result)}
        )
    for key, cost in report.costs.items():
        row = {"experiment": report.name, **dict(zip(report.experiment.rows, map(text, key), strict=True))}
        counted = {
            "ours_mean": f"{cost.counted:.4f}",
            "paper": f"{cost.paper:g}" if cost.paper else "",
            "verdict": cost.verdict,
        }
        writer.writerow({**row, "metric": "exaflops_counted", **counted})
        writer.writerow(
            {**row, "metric": "exaflops_of_these_runs", "ours_mean": "" if cost.spent is None else f"{cost.spent:.6g}"}
        )
    return lines.getvalue()


def _numbers(result):
    return {
        "metric": result.cell.metric,
        "ours_mean": _number(result.mean),
        "ours_std": _number(result.std),
        "n": len(result.finished),
        "planned": result.planned,
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
