"""Table 5 as a picture: accuracy against the pre-training set, ours above, the paper's below in panels of their own."""

from itertools import cycle

from vit.plan.schema import SCRATCH
from vit.report.names import stand_in, text
from vit.report.pictures.style import COLOURS, GREY, MARKERS, panels


def transfer(report):
    """One column a transfer set, one line a model. The panels of a column share their x positions, never their scale."""
    measured = [result for result in report.results if result.mean is not None]
    sets = list(dict.fromkeys(result.cell.axes["transfer"] for result in measured))
    origins = list(dict.fromkeys(result.cell.axes["pretrain"] for result in report.planned))
    figure, axes = panels(2, len(sets), 3.1 * len(sets) + 0.6, 5.4)
    for (ours, paper), name in zip(axes.T, sets, strict=True):
        here = [result for result in report.results if result.cell.axes["transfer"] == name]
        instead = stand_in(report.plan, report.experiment, "transfer", name)
        ours.set_title(f"ours: {instead}\n(in place of {name})" if instead else f"ours: {name}")
        paper.set_title(f"the paper: {name}", color=GREY)
        _lines(ours, here, origins, lambda result: result.mean, lambda result: result.std or 0, capsize=2)
        _lines(paper, here, origins, lambda result: result.paper, lambda result: 0, linestyle="--", linewidth=1)
        _ticks(
            ours, {name: stand_in(report.plan, report.experiment, "pretrain", name) or text(name) for name in origins}
        )
        _ticks(paper, {name: "not printed" if name == SCRATCH else name for name in origins}, color=GREY)
    axes[0, 0].set_ylabel("top-1 percent")
    axes[1, 0].set_ylabel("top-1 percent, as printed", color=GREY)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(COLOURS), frameon=False
    )
    return figure


def _lines(axis, results, origins, value, spread, **look):
    """One line a model through what it has a value for."""
    known = [result for result in results if result.cell.runs and value(result) is not None]
    models = dict.fromkeys(result.cell.axes["model"] for result in results if result.cell.runs)
    for model, colour, marker in zip(models, cycle(COLOURS), cycle(MARKERS), strict=False):
        mine = {result.cell.axes["pretrain"]: result for result in known if result.cell.axes["model"] == model}
        line = [(at, mine[name]) for at, name in enumerate(origins) if name in mine]
        places, values, spreads = (
            [at for at, _ in line],
            [value(one) for _, one in line],
            [spread(one) for _, one in line],
        )
        axis.errorbar(places, values, yerr=spreads, color=colour, marker=marker, label=model, **look)


def _ticks(axis, names, **look):
    axis.set_xticks(
        range(len(names)), names.values(), rotation=20, ha="right", rotation_mode="anchor", fontsize=8, **look
    )
    axis.set_xlim(-0.3, len(names) - 0.7)
