"""Accuracy against the compute of pre-training (Figures 8 and 13), relative to the experiment's base where it has one."""

from dataclasses import replace
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.plan.measured_speed import UNITS
from vit.report.against_base import base_key, cell_key
from vit.report.collect import Report
from vit.report.cost.rows import EXA
from vit.report.pictures.arrangement import CHARACTER, by_label, label, legend_above, panels_of, stands_in, title_panel
from vit.report.pictures.over_paper import (
    PAPER,
    draw_ours,
    draw_papers_line,
    looks_of,
    name_decades,
    papers_name,
    percent,
)
from vit.report.provenance import devices
from vit.report.results import Result

WIDTH, HEIGHT = 4.4, 4.0  # of a panel in inches


def compute(report: Report) -> Figure:
    """A panel for each data set that the paper draws (without its numbers, for each there is), then one for speed if it has one."""
    speed_results, report = apart_from_speeds(report)
    groups, looks = by_panel(report), looks_of(report, report.experiment.rows[:1])
    speeds = any(result.figure.get("speed") for result in report.results)
    figure, axes = panels_of(len(groups) + speeds, WIDTH, HEIGHT)
    for axis, results in zip(axes, groups.values(), strict=False):
        shown = next((result for result in results if result.cell.runs), results[0])
        title_panel(axis, report, shown, ["transfer"], WIDTH)
        axis.set_xlabel("relative compute of pre-training" if report.experiment.base else "exaFLOPs of pre-training")
        draw_panel(axis, papers_axis(axis, report), report, results, looks)
    if speeds:
        draw_speeds(axes[-1], report, speed_results, looks)
    for axis in figure.axes:
        name_decades(axis)
    for axis in axes:
        axis.set_ylabel(percent(report))
    legend_above(figure)
    return figure


def apart_from_speeds(report: Report) -> tuple[list[Result], Report]:
    """(cells with measured speeds, the report without them)."""
    speeds = [result for result in report.results if result.cell.axes.get("metric") in UNITS]
    return speeds, replace(report, results=[result for result in report.results if result not in speeds])


def draw_speeds(axis: Axes, report: Report, speeds: list[Result], looks: dict[str, dict]) -> None:
    """Accuracy against images/s, ours on the device that is there, the paper's on its own."""
    rows = report.experiment.rows[:1]
    rates = {label(report, result, rows): result.mean for result in speeds if result.mean is not None}
    for name, results in by_label(report, report.results, rows).items():
        points = [(rates[name], result) for result in results if result.mean is not None and name in rates]
        theirs = [point for result in results for point in result.figure["speed"]]
        draw_papers_line(axis, theirs, looks[name], papers_name(["named in the first panel"], name))
        draw_ours(axis, points, looks[name], name)
    measured = devices(record for result in speeds for record in result.finished)
    title = f"ours: {'; '.join(measured)}" if measured else "the paper's only: no speed is measured yet"
    axis.set_title(fill(title, int(WIDTH / CHARACTER)), color="black" if measured else PAPER)
    axis.set_xlabel("images/s in inference (the paper: one TPUv3 core)")


def by_panel(report: Report) -> dict[str, list[Result]]:
    """Data set, or label of a mean over several -> its results."""
    groups = {}
    for result in report.table_results:
        groups.setdefault(set_of(report, result), []).append(result)
    drawn = {name: results for name, results in groups.items() if any(result.figure.get("x") for result in results)}
    return drawn or groups


def set_of(report: Report, result: Result) -> str:
    """The transfer set; of a mean its label, without the share of its members that runs at this scale."""
    name = result.cell.axes["transfer"]
    labels = report.experiment.means.get("transfer", {})
    return next((label for label in labels if name == label or name.startswith(f"{label} (")), name)


def draw_panel(ours: Axes, paper: Axes, report: Report, results: list[Result], looks: dict[str, dict]) -> None:
    for name, line in by_label(report, results, report.experiment.rows[:1]).items():
        points = [(x, result) for result in line if result.mean is not None and (x := compute_of(report, result))]
        theirs = [point for result in line for point in result.figure.get("x", ())]
        draw_papers_line(paper, theirs, looks[name], papers_name(points, name))
        draw_ours(ours, points, looks[name], name)


def papers_axis(axis: Axes, report: Report) -> Axes:
    """Relative compute is the same axis for both; exaFLOPs of a stand-in are not the paper's, which get an axis above."""
    if report.experiment.base or not stands_in(report):
        return axis
    above = axis.twiny()
    above.set_xlabel("exaFLOPs in the paper", color=PAPER)
    above.tick_params(axis="x", colors=PAPER)
    above.tick_params(axis="y", labelleft=False)
    above.spines["top"].set(visible=True, color=PAPER)
    above.grid(False)
    axis.set_zorder(above.get_zorder() + 1)
    axis.patch.set_visible(False)
    return above


def compute_of(report: Report, result: Result) -> float | None:
    """What the cell's pre-training cost, in exaFLOPs, or relative to the base's; None while one of them is not finished."""
    spent = report.finished.get(result.cell.upstream, {}).get("flops")
    if not report.experiment.base or spent is None:
        return spent and spent / EXA
    key = base_key(report.experiment, result)
    bases = [other for other in report.table_results if cell_key(report.experiment, other) == key]
    reference = report.finished.get(bases[0].cell.upstream, {}).get("flops") if bases else None
    return reference and spent / reference
