"""Bars for categories: differences to the experiment's base with their 95% intervals; without a base the accuracies."""

from math import nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.against_base import base_name, signed
from vit.report.collect import Report
from vit.report.header import measures
from vit.report.pictures.arrangement import (
    ACROSS,
    CHARACTER,
    by_label,
    draw_papers,
    label,
    legend_above,
    panels_of,
    set_axes,
    title_panel,
    varying,
)
from vit.report.pictures.style import COLORS, GREY, MARKERS
from vit.report.results import Result

WIDTH, HEAD = 3.1, 0.9  # of a panel, and the height of its title and its lower axis, in inches
BAR, GAP = 0.2, 0.14  # the heights of a bar, and of the space between two categories, in inches


def bars(report: Report) -> Figure:
    """Horizontal, so that names of any length fit; a panel for each data set, every number printed at its right."""
    differences = [result for result in report.results if result.to_base]
    drawn = differences or [result for result in report.results if result.mean is not None]
    sets = set_axes(report, drawn)
    categories, series = split(report, drawn, sets, bool(differences))
    names, kinds = (list(by_label(report, drawn, axes)) for axes in (categories, series))
    by_set = by_label(report, drawn, sets)
    alone = len(by_set) == 1
    width, height = WIDTH * (1.4 if alone else 1), HEAD + len(names) * (BAR * len(kinds) + GAP)
    figure, axes = panels_of(len(by_set), width, height, left=CHARACTER * max(map(len, names)))
    for index, (axis, results) in enumerate(zip(axes, by_set.values(), strict=True)):
        title_panel(axis, report, results[0], sets, width)
        for result in results:
            bar = names.index(label(report, result, categories)), kinds.index(label(report, result, series))
            draw_bar(axis, result, *position(*bar, len(kinds)), kind=bar[1], name=kinds[bar[1]])
        label_axes(axis, names if index % ACROSS == 0 else [""] * len(names), bool(differences))
    base = f"points above the base, {base_name(report.experiment)}"
    figure.supxlabel(base if differences else f"{measures(report).lower()} percent", fontsize=9)
    legend_above(figure)
    return figure


def split(report: Report, drawn: list[Result], sets: list[str], differences: bool) -> tuple[list[str], list[str]]:
    """(axes of the categories, axes of the bars of a category); with a base its axes are the latter."""
    rows, columns = (
        varying(report, drawn, [axis for axis in axes if axis not in sets])
        for axes in (report.experiment.rows, report.experiment.columns)
    )
    if differences:
        base = list(report.experiment.base)
        rows, columns = [axis for axis in (*rows, *columns) if axis not in base], base
    elif len(by_label(report, drawn, rows)) < len(by_label(report, drawn, columns)):
        rows, columns = columns, rows
    return (rows, columns) if rows else (columns or report.experiment.columns, [])


def position(category: int, kind: int, kinds: int) -> tuple[float, float]:
    """(middle, height) of a bar in units of a category, the bars of which leave GAP inches to the next."""
    height = BAR / (BAR * kinds + GAP)
    return category + (kind - (kinds - 1) / 2) * height, height


def draw_bar(axis: Axes, result: Result, y: float, height: float, *, kind: int, name: str) -> None:
    if result.to_base:
        value, spread, shown = result.to_base.mean, result.to_base.half, signed(result.to_base.mean)
    else:
        value, spread, shown = result.mean, result.std, f"{result.mean:.2f}"
    color, marker = COLORS[kind % len(COLORS)], MARKERS[(kind + kind // len(COLORS)) % len(MARKERS)]
    axis.barh(y, value, height=height, color=color, edgecolor="white")
    # A sign at the end of each bar: a small difference has hardly a bar, and a sign can be told without color.
    look = {"fmt": marker, "color": color, "markeredgecolor": "white", "markersize": 6, "ecolor": "black", "capsize": 2}
    axis.errorbar(value, y, xerr=nan if spread is None else spread, elinewidth=1, label=name or None, **look)
    right = axis.get_yaxis_transform()
    axis.text(
        1.02, y, shown + (f" ±{spread:.2f}" if spread is not None else ""), transform=right, va="center", fontsize=7.5
    )
    if result.difference is not None and not result.to_base:
        draw_papers(axis, [(result.paper, y)])


def label_axes(axis: Axes, names: list[str], differences: bool) -> None:
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(False, axis="y")
    if differences:
        axis.axvline(0, color=GREY, linewidth=1)
    else:
        axis.set_xlim(left=0)
