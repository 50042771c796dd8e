"""How bars and lines are arranged: a panel for each data set, and labels made of the axes that vary."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.plan.schema import SETS
from vit.report.collect import Report
from vit.report.names import stand_in, text
from vit.report.pictures.style import GREY, panels
from vit.report.results import Result

ACROSS = 3  # panels side by side at most
CHARACTER = 0.075  # width of a character of a legend or a tick in inches, on average and with some room


def varying(report: Report, results: list[Result], axes: list[str]) -> list[str]:
    """Those of the axes that have several values among the results."""
    return [axis for axis in axes if len({label(report, result, [axis]) for result in results}) > 1]


def set_axes(report: Report, results: list[Result]) -> list[str]:
    """The axes whose values get panels: data sets tested on, since accuracies on them have different ranges."""
    tested = [axis for axis in SETS if axis != "pretrain" and axis not in report.experiment.base]
    return varying(report, results, tested)


def label(report: Report, result: Result, axes: list[str]) -> str:
    """'ViT-B/16 / exact': the cell's values of these axes; a data set by the name of what stands in for it."""
    return " / ".join(shown(report, axis, result.cell.axes.get(axis)) for axis in axes)


def shown(report: Report, axis: str, value: object) -> str:
    """One value of an axis. 'digits for CIFAR-100' where digits stand in for several sets of the experiment."""
    own = stand_in(report.plan, report.experiment, axis, value)
    if not own:
        return text(value)
    values = {text(result.cell.axes.get(axis)) for result in report.planned}
    shared = sum(stand_in(report.plan, report.experiment, axis, other) == own for other in values) > 1
    return f"{own} for {value}" if shared else own


def by_label(report: Report, results: list[Result], axes: list[str]) -> dict[str, list[Result]]:
    """Label -> its results, in the table's order."""
    groups = {}
    for result in results:
        groups.setdefault(label(report, result, axes), []).append(result)
    return groups


def set_title(report: Report, result: Result, axes: list[str]) -> str:
    """'mnist-5k', and below it '(in place of CIFAR-10)'."""
    papers = {axis: result.cell.axes.get(axis) for axis in axes}
    own = [stand_in(report.plan, report.experiment, axis, name) or text(name) for axis, name in papers.items()]
    names = list(map(text, papers.values()))
    return " / ".join(own) if own == names else f"{' / '.join(own)}\n(in place of {' / '.join(names)})"


def panels_of(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with that many panels of width x height inches."""
    across = min(count, ACROSS)
    down = ceil(count / across)
    figure, axes = panels(down, across, width * across, height * down)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def legend_above(figure: Figure) -> None:
    """One legend for all panels, in as many columns as the width has room for; the figure grows by its rows."""
    found = {}
    for axis in figure.axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    handles, labels = list(found.values()), list(found)
    width, height = figure.get_size_inches()
    columns = max(1, min(len(labels), int(width / (CHARACTER * max(map(len, labels)) + 0.6))))
    figure.set_size_inches(width, height + 0.2 * ceil(len(labels) / columns))
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)


def draw_papers(axis: Axes, xs: list[float], ys: list[float]) -> None:
    """A ring for each published value that ours may be compared with."""
    if xs:
        axis.plot(xs, ys, "o", markerfacecolor="none", color=GREY, label="the paper", markersize=7, zorder=3)


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
