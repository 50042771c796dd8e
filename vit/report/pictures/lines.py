"""Accuracy against an axis of numbers: a line for each combination of the other axes, error bars over seeds."""

from itertools import product
from math import log10
from operator import itemgetter

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.plan.axes import as_number, numeric_axis
from vit.plan.stand_ins import is_multiple
from vit.report.collect import Report
from vit.report.header import measures
from vit.report.names import title
from vit.report.pictures.arrangement import (
    apart,
    by_label,
    draw_papers,
    legend_above,
    panels_of,
    set_axes,
    title_panel,
    varying,
)
from vit.report.pictures.style import COLORS, MARKERS
from vit.report.results import Result

DECADE = 10  # a positive axis whose ends are that far apart, as a ratio, is logarithmic
LOOKS = [
    {"color": color, "marker": marker, "linestyle": line}
    for line, (color, marker) in product(("-", "--", ":", "-."), zip(COLORS, MARKERS, strict=True))
]
WIDTH, HEIGHT, AXIS = 3.4, 3.0, 2.6  # of a panel, and the length of its horizontal axis, in inches


def lines(report: Report) -> Figure:
    """A panel for each data set that is tested on."""
    scale = numeric_axis(report.experiment)
    measured = [result for result in report.results if result.mean is not None]
    sets = set_axes(report, measured)
    others = [axis for axis in (*report.experiment.rows, *report.experiment.columns) if axis not in (scale, *sets)]
    others = varying(report, measured, others)
    looks = dict(zip(by_label(report, measured, others), LOOKS * len(measured), strict=False))
    by_set = by_label(report, measured, sets)
    wider = WIDTH if len(by_set) == 1 else 0
    figure, axes = panels_of(len(by_set), WIDTH + wider, HEIGHT)
    for axis, results in zip(axes, by_set.values(), strict=True):
        title_panel(axis, report, results[0], sets, WIDTH + wider)
        for name, line in by_label(report, results, others).items():
            draw_line(axis, line, scale, label=name or None, **looks[name])
        label_scale(axis, [result.cell.axes[scale] for result in measured], AXIS + wider)
        axis.set_xlabel(title(scale))
        axis.set_ylabel(f"{measures(report).lower()} percent")
    legend_above(figure)
    return figure


def draw_line(axis: Axes, results: list[Result], scale: str, **look) -> None:
    """The means with their standard deviations, and in hollow signs the published values that they may be compared with."""
    line = sorted(((as_number(result.cell.axes[scale]), result) for result in results), key=itemgetter(0))
    xs, means, spreads = zip(*((x, result.mean, result.std or 0) for x, result in line), strict=True)
    axis.errorbar(xs, means, yerr=spreads, capsize=2, **look)
    printed = [(x, result.paper) for x, result in line if result.difference is not None]
    draw_papers(axis, printed, marker=look["marker"], color=look["color"])


def label_scale(axis: Axes, values: list, inches: float) -> None:
    """A tick at each value, named where there is room; logarithmic where the values span a decade."""
    values = sorted({as_number(value): value for value in values}.items())
    xs = [x for x, _ in values]
    logarithmic = xs[0] > 0 and xs[-1] / xs[0] >= DECADE
    if logarithmic:
        axis.set_xscale("log")
    names = [f"×{x:g}" if is_multiple(value) else f"{x:g}" for x, value in values]
    named = apart([log10(x) if logarithmic else x for x in xs], names, inches)
    axis.set_xticks(xs, [name if there else "" for name, there in zip(names, named, strict=True)])
    axis.set_xticks([], minor=True)
    axis.margins(x=0.08)
