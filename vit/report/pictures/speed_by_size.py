"""Figure 12: speed of inference and the largest batch by input size, a line for each model, ours over the paper's."""

from dataclasses import replace
from itertools import cycle
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from vit.report.collect import Report
from vit.report.paper_values import Published
from vit.report.pictures.arrangement import CHARACTER, by_label, legend_above, panels_of
from vit.report.pictures.over_paper import Points, draw_papers_line, looks_of, papers_name
from vit.report.pictures.style import MARKERS
from vit.report.provenance import devices
from vit.report.results import Result

WIDTH, HEIGHT = 4.6, 4.4  # of a panel in inches
SIGNS = (*MARKERS, "*")  # the paper has eight models, one more than there are colors
SIZE = "speed.image_size"
PANELS = {"images_per_second": "images/s in inference, at most", "largest_batch": "largest batch, images"}


def speed(report: Report) -> Figure:
    """A panel for each of PANELS, both axes logarithmic; whiskers span the repetitions of our measurement."""
    figure, axes = panels_of(len(PANELS), WIDTH, HEIGHT)
    pairs = zip(looks_of(report, ["model"]).items(), cycle(SIGNS), strict=False)
    looks = {name: {**look, "marker": sign} for (name, look), sign in pairs}
    for axis, (metric, label) in zip(axes, PANELS.items(), strict=True):
        cells = [result for result in report.results if result.cell.axes["metric"] == metric]
        for name, results in by_label(report, cells, ["model"]).items():
            measured = [result for result in results if result.mean is not None]
            draw_papers_line(axis, papers_curve(report, results[0]), looks[name], papers_name(measured, name))
            draw_ours(axis, measured, looks[name], name)
        scale(axis, label)
        axis.set_xlabel(f"input size in pixels{whose(report)}")
    legend_above(figure)
    return figure


def whose(report: Report) -> str:
    """A line with our devices and the largest batch that was tried; '' before anything is measured."""
    measured = [result for result in report.planned if result.finished]
    if not measured:
        return ""
    configs = [report.plan.runs[result.finished[0]["id"]].config["model"]["init_args"] for result in measured]
    largest = max(max(config["batch_sizes"]) for config in configs)
    ours = "; ".join(devices(record for result in measured for record in result.finished))
    lines = [f"ours: {ours}, batches up to {largest}", *(["the paper: one core of a TPUv3"] if report.paper else [])]
    return "".join(f"\n{fill(line, int(WIDTH / CHARACTER))}" for line in lines)


def papers_curve(report: Report, result: Result) -> Points:
    """(input size, value) of the cell's model and measure, at all sizes of the paper, whatever runs at this scale."""
    paper = report.paper
    if paper is None or SIZE not in paper.match:
        return []
    match = {axis: column for axis, column in paper.match.items() if axis != SIZE}
    return Published(replace(paper, match=match)).points(result.cell.axes, paper.match[SIZE])


def draw_ours(axis: Axes, results: list[Result], look: dict, name: str) -> None:
    if not results:
        return
    results = sorted(results, key=lambda result: result.cell.axes[SIZE])
    sizes, values = [result.cell.axes[SIZE] for result in results], [result.mean for result in results]
    below, above = ([abs(end(result, word) - result.mean) for result in results] for word in ("lowest", "highest"))
    axis.errorbar(sizes, values, yerr=(below, above), capsize=2, zorder=3, label=name, **look)


def end(result: Result, word: str) -> float:
    """The lowest or highest of the repetitions; the value itself where it has none."""
    return result.finished[0]["metrics"].get(f"{result.cell.metric}_{word}", result.mean)


def scale(axis: Axes, label: str) -> None:
    axis.set_ylabel(label)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2 if "batch" in label else 10)
    plain = FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    for ticks in (axis.xaxis, axis.yaxis):
        ticks.set_major_formatter(plain)
        ticks.set_minor_locator(NullLocator())
    axis.xaxis.set_major_locator(LogLocator(base=2))
