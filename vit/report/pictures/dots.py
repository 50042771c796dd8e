"""The picture of experiments that name no other: a dot with its spread per cell, a ring for a comparable paper value."""

from matplotlib.figure import Figure

from vit.report.collect import Report
from vit.report.header import measures
from vit.report.names import key_texts, printed_in
from vit.report.pictures.arrangement import own_name
from vit.report.pictures.style import COLORS, GREY, panels
from vit.report.results import Result


def dots(report: Report) -> Figure:
    """One line per finished cell, in the table's order."""
    measured = [result for result in report.results if result.mean is not None]
    figure, ((axis,),) = panels(1, 1, 7.5, 1.2 + 0.24 * len(measured))
    lines, means, spreads = (
        range(len(measured)),
        [result.mean for result in measured],
        [result.std or 0 for result in measured],
    )
    axis.errorbar(means, lines, xerr=spreads, fmt="o", color=COLORS[0], label="ours", capsize=2)
    printed = [(result.paper, line) for line, result in enumerate(measured) if result.difference is not None]
    if printed:
        axis.plot(
            *zip(*printed, strict=True),
            "o",
            markerfacecolor="none",
            color=GREY,
            label=f"the {printed_in(report.experiment)}",
        )
    axis.set_yticks(lines, [" / ".join(cell_labels(report, result)) for result in measured])
    axis.invert_yaxis()
    axis.set_xlabel(f"{measures(report).lower()} percent")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def cell_labels(report: Report, result: Result) -> tuple[str, ...]:
    """'mnist-5k (CIFAR-10)' where a set stands in, else the paper's name."""
    axes = [*report.experiment.rows, *report.experiment.columns]
    own = (own_name(report, axis, result.cell.axes.get(axis)) for axis in axes)
    names = zip(own, key_texts(axes, result.cell.key(axes)), strict=True)
    return tuple(name if mine == name else f"{mine} ({name})" for mine, name in names)
