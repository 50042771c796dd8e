"""Figure 2: means over groups of tasks, a panel for each group, a bar for each model; also models that only the paper has."""

from dataclasses import dataclass
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.collect import Report
from vit.report.names import axis_text, key_texts
from vit.report.paper_values import Published
from vit.report.pictures.arrangement import CHARACTER, comparable, label, legend_above, own_name
from vit.report.pictures.style import COLORS, GREY, PALE, panels
from vit.report.results import Result
from vit.report.spread import spread

HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++")  # a second distinction beside the color
SLOT, MARGIN, HEIGHT = 0.42, 0.9, 2.9  # of a bar with its space, of a panel's frame, of a panel, in inches
BROAD, NARROW = 0.86, 0.56  # of a slot: the paper's bar, and ours over it
ROOM = 0.22  # above the bars, for their numbers, as a share of the axis
LINE = 8  # from number to number above a bar, in points


@dataclass(frozen=True)
class Bar:
    """One value of a panel."""

    name: str  # of the model
    value: float
    spread: float | None = None  # standard deviation over seeds


def groups(report: Report) -> Figure:
    """Vertical bars whose axes do not start at 0, as the paper's. Where something stands in, the paper's are below ours."""
    over = comparable(report)
    ((_, labels),) = report.experiment.means.items()
    ours = {name: our_bars(report, name) for name in labels}
    paper = {name: paper_bars(report, name) for name in labels}
    names = [list(dict.fromkeys(bar.name for group in kind.values() for bar in group)) for kind in (ours, paper)]
    rows = [list(dict.fromkeys(names[0] + names[1]))] if over else names
    width = MARGIN + SLOT * max(map(len, rows))
    figure, axes = panels(len(rows), len(labels), width * len(labels), HEIGHT * len(rows))
    for column, name in zip(axes.T, labels, strict=True):
        column[0].set_title(group_title(report, name, width))
        draw(column[0], ours[name], paper[name] if over else [], rows[0])
        if not over:
            column[1].set_title(f"the paper: {name}", color=GREY)
            draw(column[1], [], paper[name], rows[1])
    figure.supylabel("top-1 percent (axes do not start at 0)", fontsize=9)
    legend_above(figure)
    return figure


def members(report: Report, name: str) -> list[Result]:
    """The means of a group, one for each of our models. Its label may carry how many of its tasks run: 'Natural (2 of 7)'."""
    ((axis, _),) = report.experiment.means.items()
    return [result for result in report.means if result.cell.axes[axis].partition(" (")[0] == name]


def group_title(report: Report, name: str, inches: float) -> str:
    """'ours: Natural (2 of 7)', and below it 'mean of mnist-1k, digits-1k' where those stand in."""
    ((axis, labels),) = report.experiment.means.items()
    title = max((result.cell.axes[axis] for result in members(report, name)), key=len)
    planned = dict.fromkeys(result.cell.axes[axis] for result in report.planned)
    names = [value for value in planned if value in labels[name]]
    own = [own_name(report, axis, value) for value in names]
    if own == [axis_text(axis, value) for value in names]:
        return title
    sets = f"{'mean of ' if len(own) > 1 else ''}{', '.join(own)}"
    return f"ours: {title}\n{fill(sets, int(inches / CHARACTER))}"


def our_bars(report: Report, name: str) -> list[Bar]:
    known = [result for result in members(report, name) if result.mean is not None]
    return [Bar(model(report, result), result.mean, spread(result.values)) for result in known]


def model(report: Report, result: Result) -> str:
    return label(report, result, report.experiment.columns)


def paper_bars(report: Report, name: str) -> list[Bar]:
    """Printed values of our models, under the same names, then of models that only the paper has."""
    ((axis, _),) = report.experiment.means.items()
    results = members(report, name)
    if not report.paper:
        return []
    known = [result.cell.axes["model"] for result in results]
    others = Published(report.paper).others({**results[0].cell.axes, axis: name}, "model", known)
    columns = report.experiment.columns
    printed = [
        Bar(" / ".join(key_texts(columns, result.cell.key(columns))), result.paper)
        for result in results
        if result.paper is not None
    ]
    return [*printed, *(Bar(other, value) for other, value in others.items())]


def draw(axis: Axes, ours: list[Bar], paper: list[Bar], names: list[str]) -> None:
    """The paper's broad in grey, ours narrow in color over them; the number of each above it, ours on top."""
    for bar in paper:
        place = names.index(bar.name)
        look = {"color": PALE, "edgecolor": GREY, "linewidth": 0.6, "hatch": HATCHES[place % len(HATCHES)]}
        axis.bar(place, bar.value, BROAD, label=f"{bar.name}, the paper", zorder=2, **look)
    for bar in ours:
        place = names.index(bar.name)
        look = {"color": COLORS[place % len(COLORS)], "edgecolor": "white", "hatch": HATCHES[place % len(HATCHES)]}
        axis.bar(place, bar.value, NARROW, yerr=bar.spread, capsize=2, label=bar.name, zorder=3, **look)
    tops = {}
    for bar in (*paper, *ours):
        tops.setdefault(names.index(bar.name), []).append(bar)
    for place, bars in tops.items():
        top = max(bar.value + (bar.spread or 0) for bar in bars)
        for line, bar in enumerate(bars):
            look = {"color": GREY if bar in paper else "black", "fontsize": 7, "ha": "center", "va": "bottom"}
            axis.annotate(f"{bar.value:.1f}", (place, top), (0, 2 + LINE * line), textcoords="offset points", **look)
    limit(axis, [bar.value + side * (bar.spread or 0) for bar in (*paper, *ours) for side in (-1, 1)])
    axis.set_xlim(-0.7, len(names) - 0.3)
    axis.set_xticks([])
    axis.grid(False, axis="x")


def limit(axis: Axes, values: list[float]) -> None:
    """From a multiple of 5 below the bars' ends and whiskers, so that bars differ visibly, as in the paper."""
    if not values:
        return
    low, high = min(values), max(values)
    start = max(0, 5 * ((low - 0.3 * (high - low) - 1) // 5))
    axis.set_ylim(start, high + ROOM * (high - start))
