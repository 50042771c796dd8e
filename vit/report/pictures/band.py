"""Figure 3: accuracy by pre-training set, ViTs as signs that grow with the model over the band that BiT's ResNets span."""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.collect import Report
from vit.report.names import axis_text, stand_in
from vit.report.pictures.arrangement import comparable, legend_above, own_name, panels_with_paper
from vit.report.pictures.labels import place_labels
from vit.report.pictures.style import COLORS, GREY, MARKERS, PALE
from vit.report.results import Result

WIDTH, HEIGHT = 6.0, 4.4  # of a panel, in inches
SIZES = (6, 9, 12, 14)  # of the signs, in points: B, L, H
RIM = 3  # how much larger the paper's signs are below ours, so that they show where the two are equal
APART = 0.6  # how far the ViTs of a pre-training set are spread along the axis; 1 is the distance to the next set
BAND = COLORS[5]
RESNET = "ResNet"  # how the names of BiT's models begin
EDGES = (4, 8)  # sizes of the signs of the smallest and the largest ResNet


def band(report: Report) -> Figure:
    """A panel for each transfer set, the paper's in grey below ours; where something stands in, in a panel of its own."""
    over = comparable(report)
    sets = list(dict.fromkeys(result.cell.axes["transfer"] for result in report.planned))
    figure, upper, lower = panels_with_paper(len(sets), WIDTH, HEIGHT, over=over)
    names = []
    for ours, paper, name in zip(upper, lower, sets, strict=True):
        results = [result for result in report.results if result.cell.axes["transfer"] == name]
        substitute = stand_in(report.plan, report.experiment, "transfer", name)
        if not over:
            paper.set_title(f"the paper: {name}", color=GREY)
            label_axis(paper, report, results, ours=False)
            names.append((paper, vit_names(results, lambda result: result.paper)))
        ours.set_title(f"ours: {substitute} (in place of {name})" if substitute else name)
        label_axis(ours, report, results, ours=True)
        names.append((ours, vit_names(results, lambda result: shown(result, over=over))))
        draw_paper(paper, results, over=over)
        draw_ours(ours, results)
    legend_above(figure)
    for axis, labels in names:
        place_labels(axis, labels)
    return figure


def label_axis(axis: Axes, report: Report, results: list[Result], *, ours: bool) -> None:
    origins = list(positions(results))
    names = [axis_text("pretrain", name) for name in origins]
    own = [own_name(report, "pretrain", origin) for origin in origins]
    ticks = [f"{mine}\n({name})" if mine != name else mine for mine, name in zip(own, names, strict=True)]
    axis.set_xticks(range(len(origins)), ticks if ours else names)
    axis.set_xlim(-0.5, len(origins) - 0.5)
    axis.set_xlabel("pre-training set")
    axis.set_ylabel("top-1 percent")
    axis.grid(False, axis="x")


def positions(results: list[Result]) -> dict[str, int]:
    """Pre-training set -> its place on the axis."""
    return {name: place for place, name in enumerate(dict.fromkeys(result.cell.axes["pretrain"] for result in results))}


def looks(results: list[Result]) -> dict[str, tuple[float, float, str, str]]:
    """ViT -> (offset along the axis, size, marker, color): a size for each letter, a marker for each patch."""
    models = [name for name in dict.fromkeys(result.cell.axes["model"] for result in results) if not is_resnet(name)]
    letters, patches = (list(dict.fromkeys(model.split("/")[part] for model in models)) for part in (0, -1))
    step = APART / max(1, len(models) - 1)
    return {
        model: (
            index * step - APART / 2 if len(models) > 1 else 0,
            SIZES[letters.index(model.split("/")[0]) % len(SIZES)],
            MARKERS[patches.index(model.split("/")[-1]) % len(MARKERS)],
            COLORS[index % len(COLORS)],
        )
        for index, model in enumerate(models)
    }


def is_resnet(model: str) -> bool:
    return model.startswith(RESNET)


def draw_ours(axis: Axes, results: list[Result]) -> None:
    draw_band(axis, results, lambda result: result.mean, BAND, hatch="///", label="ResNets")
    at = positions(results)
    for model, (offset, size, marker, color) in looks(results).items():
        known = [result for result in results if result.cell.axes["model"] == model and result.mean is not None]
        if known:
            xs = [at[result.cell.axes["pretrain"]] + offset for result in known]
            look = {"markersize": size, "markeredgecolor": "white", "elinewidth": 1, "capsize": 2, "zorder": 4}
            means, spreads = [result.mean for result in known], [result.std or 0 for result in known]
            axis.errorbar(xs, means, yerr=spreads, fmt=marker, color=color, label=model, **look)


def draw_paper(axis: Axes, results: list[Result], *, over: bool) -> None:
    color, rim = (PALE, RIM) if over else (GREY, 0)
    draw_band(axis, results, lambda result: result.paper, GREY, label="ResNets, the paper")
    at, label = positions(results), "ViTs, the paper"
    for model, (offset, size, marker, _) in looks(results).items():
        known = [result for result in results if result.cell.axes["model"] == model and result.paper is not None]
        xs, values = [at[result.cell.axes["pretrain"]] + offset for result in known], [result.paper for result in known]
        axis.plot(xs, values, marker, color=color, markersize=size + rim, zorder=3, label=label)


def draw_band(
    axis: Axes,
    results: list[Result],
    value: Callable[[Result], float | None],
    color: str,
    *,
    label: str,
    hatch: str = "",
) -> None:
    """From the smallest ResNet of the grid to the largest, whose edges have small and large signs."""
    at, edges = positions(results), []
    models = [name for name in dict.fromkeys(result.cell.axes["model"] for result in results) if is_resnet(name)]
    for model in models:
        known = [result for result in results if result.cell.axes["model"] == model and value(result) is not None]
        edges += [{at[result.cell.axes["pretrain"]]: value(result) for result in known}] if known else []
    for edge, size in zip((edges[0], edges[-1]) if edges else (), EDGES, strict=False):
        look = {"color": color, "linewidth": 1, "zorder": 2}
        axis.plot(list(edge), list(edge.values()), marker="X", markersize=size, linestyle=":" if hatch else "-", **look)
    shared = sorted(set(edges[0]) & set(edges[-1])) if edges else []
    if shared:
        low, high = ([edge[x] for x in shared] for edge in (edges[0], edges[-1]))
        axis.fill_between(shared, low, high, color=color, alpha=0.18, hatch=hatch, linewidth=0, label=label, zorder=1)


def shown(result: Result, *, over: bool) -> float | None:
    """Ours; where there is none, the paper's if it is in the same panel."""
    return result.paper if over and result.mean is None else result.mean


def vit_names(results: list[Result], value: Callable[[Result], float | None]) -> list[tuple[str, float, float]]:
    """('B/16', x, y) of each ViT that has a value."""
    at, look = positions(results), looks(results)
    return [
        (model.removeprefix("ViT-"), at[result.cell.axes["pretrain"]] + look[model][0], value(result))
        for result in results
        if (model := result.cell.axes["model"]) in look and value(result) is not None
    ]
