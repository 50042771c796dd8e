"""Ours in color over the paper's in grey, line by line: what Figures 4, 8, 9 and 13 share. Signs and strokes tell lines apart too."""

from itertools import cycle
from statistics import stdev

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from vit.report.collect import Report
from vit.report.header import measures
from vit.report.names import family_of, stand_in
from vit.report.pictures.arrangement import by_label
from vit.report.pictures.style import COLORS, MARKERS
from vit.report.results import Result

PAPER = "#9ca3af"  # lighter than the grey of text
MANY = 300  # the ratio of an axis' ends above which not all of 1, 2 and 5 have room
Points = list[tuple[float, float]]  # (x, percent)


def looks_of(report: Report, axes: list[str]) -> dict[str, dict]:
    """Name of a line, made of these axes -> color, sign and stroke, the same in every panel and at every scale.

    Without strokes where no line has several points.
    """
    groups = by_label(report, report.results, axes)
    single = all(len(results) == 1 and len(results[0].figure.get("x", ())) <= 1 for results in groups.values())
    pairs = zip(groups.items(), cycle(COLORS), cycle(MARKERS), strict=False)
    return {
        name: {
            "color": color,
            "marker": marker,
            "linestyle": "none" if single else stroke(results[0].cell.axes["model"]),
        }
        for (name, results), color, marker in pairs
    }


def stroke(model: str) -> str:
    """ViTs solid, ResNets dashed, hybrids dashed and dotted."""
    return {"ViT": "-", "ResNet": "--", "hybrid": "-."}[family_of(model)]


def draw_ours(axis: Axes, points: list[tuple[float, Result]], look: dict, name: str) -> None:
    """The means at their x, with their spread; nothing where nothing is finished."""
    if points:
        xs, results = zip(*sorted(points, key=lambda point: point[0]), strict=True)
        means, spreads = [result.mean for result in results], [spread(result) for result in results]
        axis.errorbar(xs, means, yerr=spreads, capsize=2, zorder=3, label=name, **look)


def draw_papers_line(axis: Axes, points: Points, look: dict, name: str) -> None:
    """In grey and hollow. name: in the legend, that of the line where ours is not drawn."""
    if points:
        grey = {"color": PAPER, "markerfacecolor": "white", "linewidth": 1.2, "zorder": 2}
        axis.plot(*zip(*sorted(points), strict=True), **{**look, **grey}, label=name)


def papers_name(ours: list, name: str) -> str:
    """The paper's lines share one name, but for those that have none of ours beside them at this scale."""
    return "the paper" if ours else f"{name}, the paper only"


def spread(result: Result) -> float:
    """Standard deviation over seeds; of a single few-shot evaluation, over its draws of training images."""
    if result.std is not None:
        return result.std
    metrics = result.finished[0]["metrics"] if len(result.finished) == 1 else {}
    draws = [100 * value for name, value in metrics.items() if name.startswith(f"{result.cell.metric}_draw")]
    return stdev(draws) if len(draws) > 1 else 0.0


def name_decades(axis: Axes) -> None:
    """A logarithmic axis of what is drawn, with ticks at 1, 2 and 5 of each decade, of many decades at 1."""
    axis.set_xscale("log")
    axis.margins(x=0.08)
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < low * MANY else (1,)))
    axis.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:.0e}" if x < 0.001 else f"{x:g}")
    axis.xaxis.set_minor_locator(NullLocator())


def percent(report: Report) -> str:
    """'linear 5-shot top-1 percent', or what else the cells show; then on which sets, where ours stands in for one."""
    what = f"{measures(report).lower()} percent"
    sets = {result.cell.axes["transfer"] for result in report.planned}
    own = {name: stand_in(report.plan, report.experiment, "transfer", name) for name in sets}
    if not report.paper or not all(own.values()):
        return what
    (name, ours), several = next(iter(own.items())), len(sets) > 1  # of several sets each panel names its own
    return what + ("\nours on stand-ins, the paper's on its own" if several else f"\nours: {ours}\nthe paper: {name}")
