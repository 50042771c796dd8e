"""For experiments without a picture of their own: a dot with its spread a cell, a ring for the paper's value where it may be compared."""

from vit.report.names import text
from vit.report.pictures.style import COLOURS, GREY, panels


def dots(report):
    """One line a finished cell, in the table's order."""
    measured = [result for result in report.results if result.mean is not None]
    figure, ((axis,),) = panels(1, 1, 7.5, 1.2 + 0.24 * len(measured))
    lines, means, spreads = (
        range(len(measured)),
        [result.mean for result in measured],
        [result.std or 0 for result in measured],
    )
    axis.errorbar(means, lines, xerr=spreads, fmt="o", color=COLOURS[0], label="ours", capsize=2)
    printed = [(result.paper, line) for line, result in enumerate(measured) if result.difference is not None]
    if printed:
        axis.plot(*zip(*printed, strict=True), "o", markerfacecolor="none", color=GREY, label="the paper")
    axis.set_yticks(lines, [" / ".join(_name(report, result)) for result in measured])
    axis.invert_yaxis()
    axis.set_xlabel("top-1 percent")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _name(report, result):
    axes = [*report.experiment.rows, *report.experiment.columns]
    return [text(value) for value in result.cell.key(axes)]
