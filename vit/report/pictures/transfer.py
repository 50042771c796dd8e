"""Table 5 as a picture: accuracy against the pre-training set, ours above, the paper's below in separate panels."""

from collections.abc import Callable
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.plan.schema import SCRATCH
from vit.report.collect import Report
from vit.report.names import stand_in
from vit.report.pictures.arrangement import own_name
from vit.report.pictures.style import COLORS, GREY, MARKERS, panels
from vit.report.results import Result


def transfer(report: Report) -> Figure:
    """One column per transfer set, one line per model. The panels of a column share their x positions, not their scale."""
    measured = [result for result in report.results if result.mean is not None]
    sets = list(dict.fromkeys(result.cell.axes["transfer"] for result in measured))
    origins = list(dict.fromkeys(result.cell.axes["pretrain"] for result in report.planned))
    figure, axes = panels(2, len(sets), 3.1 * len(sets) + 0.6, 5.4)
    for (ours, paper), name in zip(axes.T, sets, strict=True):
        results = [result for result in report.results if result.cell.axes["transfer"] == name]
        substitute = stand_in(report.plan, report.experiment, "transfer", name)
        ours.set_title(f"ours: {substitute}\n(in place of {name})" if substitute else f"ours: {name}")
        paper.set_title(f"the paper: {name}", color=GREY)
        draw_lines(ours, results, origins, lambda result: result.mean, lambda result: result.std or 0, capsize=2)
        draw_lines(paper, results, origins, lambda result: result.paper, lambda result: 0, linestyle="--", linewidth=1)
        label_ticks(ours, [own_name(report, "pretrain", name) for name in origins])
        label_ticks(paper, ["not printed" if name == SCRATCH else name for name in origins], color=GREY)
    axes[0, 0].set_ylabel("top-1 percent")
    axes[1, 0].set_ylabel("top-1 percent, as printed", color=GREY)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(COLORS), frameon=False)
    return figure


def draw_lines(
    axis: Axes,
    results: list[Result],
    origins: list[str],
    value: Callable[[Result], float | None],
    spread: Callable[[Result], float],
    **look,
) -> None:
    """One line per model through the results that have a value, at the position of their pre-training set."""
    known = [result for result in results if result.cell.runs and value(result) is not None]
    models = dict.fromkeys(result.cell.axes["model"] for result in results if result.cell.runs)
    for model, color, marker in zip(models, cycle(COLORS), cycle(MARKERS), strict=False):
        by_origin = {result.cell.axes["pretrain"]: result for result in known if result.cell.axes["model"] == model}
        line = [(x, by_origin[name]) for x, name in enumerate(origins) if name in by_origin]
        xs, values, spreads = (
            [x for x, _ in line],
            [value(result) for _, result in line],
            [spread(result) for _, result in line],
        )
        axis.errorbar(xs, values, yerr=spreads, color=color, marker=marker, label=model, **look)


def label_ticks(axis: Axes, labels: list[str], **look) -> None:
    axis.set_xticks(range(len(labels)), labels, rotation=20, ha="right", rotation_mode="anchor", fontsize=8, **look)
    axis.set_xlim(-0.3, len(labels) - 0.7)
