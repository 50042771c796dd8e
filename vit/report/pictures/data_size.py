"""Accuracy against the number of pre-training images (Figure 4): a line for each model, ours over the paper's."""

from math import log10

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.collect import Report
from vit.report.pictures.arrangement import apart, by_label, legend_above, own_name, panels_of, stands_in
from vit.report.pictures.over_paper import (
    PAPER,
    draw_ours,
    draw_papers_line,
    looks_of,
    papers_name,
    percent,
)
from vit.report.results import Result

WIDTH, HEIGHT, AXIS = 6.8, 4.4, 5.8  # of the panel, and the length of its horizontal axis, in inches


def data_size(report: Report) -> Figure:
    """Where another set stands in, the paper's points stand at the same shares of it, their own numbers at the top."""
    figure, (axis,) = panels_of(1, WIDTH, HEIGHT)
    looks, own = looks_of(report, report.experiment.rows), stands_in(report)
    theirs = {}  # our number of images -> the paper's
    for name, results in by_label(report, report.results, report.experiment.rows).items():
        ours = [(images(report, result), result) for result in results if result.mean is not None]
        paper = [(images(report, result), x, y) for result in results for x, y in result.figure.get("x", ())]
        theirs |= {position: x for position, x, _ in paper}
        points = [(position if own else x, y) for position, x, y in paper]
        draw_papers_line(axis, points, looks[name], papers_name(ours, name))
        draw_ours(axis, ours, looks[name], name)
    axis.set_xscale("log")
    places = sorted({images(report, result) for result in report.results})
    name_ticks(axis, places, places)
    axis.set_xlabel(f"images of {set_name(report)} in pre-training")
    axis.set_ylabel(percent(report))
    if own and theirs:
        top = axis.secondary_xaxis("top")
        name_ticks(top, sorted(theirs), [theirs[place] for place in sorted(theirs)])
        top.set_xlabel(f"images of {report.results[0].cell.axes['pretrain']} in the paper")
        top.tick_params(colors=PAPER)
        top.xaxis.label.set_color(PAPER)
        top.spines["top"].set_color(PAPER)
    legend_above(figure)
    return figure


def images(report: Report, result: Result) -> float:
    """Training images of the cell's subset: a share of the set that the scale has, or their number."""
    subset, entry = result.cell.axes["pretrain.subset"], report.plan.scale.pretrain[result.cell.axes["pretrain"]]
    return subset if isinstance(subset, int) else subset * entry.images


def set_name(report: Report) -> str:
    name = report.results[0].cell.axes["pretrain"]
    return own_name(report, "pretrain", name)


def name_ticks(axis: Axes, places: list[float], numbers: list[float]) -> None:
    """A tick at each place, named by its number where there is room."""
    names = [count_text(number) for number in numbers]
    named = apart([log10(place) for place in places], names, AXIS)
    axis.set_xticks(places, [name if there else "" for name, there in zip(names, named, strict=True)])
    axis.set_xticks([], minor=True)


def count_text(number: float) -> str:
    """'3,000', '9.1M', '303M'."""
    return f"{number:,.0f}" if number < 1e6 else f"{number / 1e6:.3g}M" if number >= 1e8 else f"{number / 1e6:.2g}M"
