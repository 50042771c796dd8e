"""NAME.csv: one line a cell, for people who go on computing."""

import pandas

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
    rows = [*(_cell(report, result, axes) for result in report.shown), *_costs(report)]
    # dtype=object: a column of counts that costs leave empty would turn into fractions
    frame = pandas.DataFrame(rows, columns=["experiment", *axes, *NUMBERS], dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def _cell(report, result, axes):
    named = {axis: text(result.cell.axes.get(axis)) for axis in axes}
    return {"experiment": report.name, **named, **_numbers(result)}


def _costs(report):
    for key, cost in report.costs.items():
        row = {"experiment": report.name, **dict(zip(report.experiment.rows, map(text, key), strict=True))}
        paper = f"{cost.paper:g}" if cost.paper else ""
        counted = {"ours_mean": f"{cost.counted:.4f}", "paper": paper, "verdict": cost.verdict}
        yield {**row, "metric": "exaflops_counted", **counted}
        spent = "" if cost.spent is None else f"{cost.spent:.6g}"
        yield {**row, "metric": "exaflops_of_these_runs", "ours_mean": spent}


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
