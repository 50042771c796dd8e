"""How bars and lines are arranged: a panel for each data set, and labels made of the axes that vary."""

from math import ceil
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.plan import Cell
from vit.plan.schema import SETS
from vit.report.collect import Report
from vit.report.names import axis_text, cell_text, has_stand_in, key_texts, stand_in, with_axis
from vit.report.pictures.style import panels
from vit.report.results import Result

ACROSS = 3  # panels side by side at most
CHARACTER = 0.075  # width of a character of a legend or a tick in inches, on average and with some room


def comparable(report: Report) -> bool:
    """May ours be drawn over the paper's? Where anything stands in, the paper's get panels of their own."""
    return not report.paper or not stands_in(report)


def stands_in(report: Report) -> bool:
    """Is anything that is drawn a stand-in?"""
    return any(has_stand_in(report.plan, report.experiment, result.cell) for result in report.planned)


def own_name(report: Report, axis: str, value: object) -> str:
    """One value of an axis; a data set by the name of what stands in for it."""
    return stand_in(report.plan, report.experiment, axis, value) or axis_text(axis, value)


def varying(report: Report, results: list[Result], axes: list[str]) -> list[str]:
    """Those of the axes that have several values among the results."""
    return [axis for axis in axes if len({label(report, result, [axis]) for result in results}) > 1]


def set_axes(report: Report, results: list[Result]) -> list[str]:
    """The axes whose values get panels: data sets tested on, since accuracies on them have different ranges."""
    tested = [axis for axis in SETS if axis != "pretrain" and axis not in report.experiment.base]
    return varying(report, results, tested)


def label(report: Report, result: Result, axes: list[str]) -> str:
    """'ViT-B/16 / exact': the cell's values of these axes; a data set by the name of what stands in for it."""
    return " / ".join(shown(report, axis, result.cell) for axis in axes)


def shown(report: Report, axis: str, cell: Cell) -> str:
    """One value of an axis; a number, null, true and false after its name. 'digits for CIFAR-100' where digits stand in for several sets of the experiment."""
    value = cell.axes.get(axis)
    own = stand_in(report.plan, report.experiment, axis, value)
    if not own:
        return with_axis(axis, cell_text(cell, axis))
    values = {axis_text(axis, result.cell.axes.get(axis)) for result in report.planned}
    shared = sum(stand_in(report.plan, report.experiment, axis, other) == own for other in values) > 1
    return f"{own} for {value}" if shared else own


def by_label(report: Report, results: list[Result], axes: list[str]) -> dict[str, list[Result]]:
    """Label -> its results, in the table's order."""
    groups = {}
    for result in results:
        groups.setdefault(label(report, result, axes), []).append(result)
    return groups


def title_panel(axis: Axes, report: Report, result: Result, axes: list[str], inches: float) -> None:
    """'mnist-5k', and below it '(in place of CIFAR-10)'; lines break where the panel ends. axes: those that have panels."""
    alone = [] if "transfer" in report.experiment.base else ["transfer"]
    papers = {name: result.cell.axes.get(name) for name in axes or alone}
    own = " / ".join(own_name(report, name, value) for name, value in papers.items())
    names = " / ".join(key_texts(papers, papers.values()))
    lines = [own] if own == names else [own, f"(in place of {names})"]
    axis.set_title("\n".join(fill(line, int(inches / CHARACTER)) for line in lines))


def panels_of(count: int, width: float, height: float, left: float = 0) -> tuple[Figure, list[Axes]]:
    """A figure with that many panels of width x height inches, and `left` inches more for labels that they share."""
    across = min(count, ACROSS)
    down = ceil(count / across)
    figure, axes = panels(down, across, left + width * across, height * down)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def panels_with_paper(count: int, width: float, height: float, *, over: bool) -> tuple[Figure, list[Axes], list[Axes]]:
    """(figure, that many panels for ours, as many for the paper's): the same ones, or below, or beside where ours is one."""
    down, across = (1, count) if over else (1, 2) if count == 1 else (2, count)
    figure, axes = panels(down, across, width * across, height * down)
    return figure, list(axes.flat[:count]), list(axes.flat[-count:])


def legend_above(figure: Figure) -> None:
    """One legend for all panels, if they name anything, in the columns that fit; the figure grows by its rows."""
    handles = {}
    for axis in figure.axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    if not handles:
        return
    handles = {name: handles[name] for name in sorted(handles, key=lambda name: "the paper" in name)}  # ours first
    width, height = figure.get_size_inches()
    needed = CHARACTER * max(map(len, handles)) + 0.6
    columns = max(1, min(len(handles), int(width / needed)))
    figure.set_size_inches(max(width, needed), height + 0.2 * ceil(len(handles) / columns))
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=columns, frameon=False)


def draw_papers(axis: Axes, points: list[tuple[float, float]], *, marker: str = "d", color: str = "black") -> None:
    """A hollow sign at (x, y) of each published value that ours may be compared with."""
    if points:
        look = {"markerfacecolor": "white", "markeredgecolor": color, "markersize": 6, "zorder": 4}
        axis.plot(*zip(*points, strict=True), marker, label="the paper (hollow)", **look)


def apart(positions: list[float], labels: list[str], inches: float) -> list[bool]:
    """Which labels of an axis of that length fit beside each other, the first and the last among them.

    positions: rising.
    """
    span = (positions[-1] - positions[0]) or 1.0
    places = (np.array(positions) - positions[0]) / span * inches
    kept = [False] * len(positions)
    for index in (0, len(positions) - 1, *range(1, len(positions) - 1)):
        needed = [CHARACTER * (len(labels[index]) + len(labels[other])) / 2 for other in range(len(positions))]
        kept[index] = all(
            abs(places[index] - places[other]) >= needed[other]
            for other, there in enumerate(kept)
            if there and other != index
        )
    return kept
