"""Table 6 as the paper's Figure 5: mean accuracy over the transfer sets against the cost of pre-training."""

from collections.abc import Iterable
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.collect import Report
from vit.report.names import stand_in
from vit.report.pictures.style import COLORS, GREY, panels
from vit.report.results import Result

# family -> color, marker, where labels stand beside it: ViTs and hybrids share one curve, ResNets lie below it
FAMILIES = {
    "ViT": (
        COLORS[0],
        "o",
        {"xytext": (-4, -4), "ha": "right", "va": "top", "rotation": 40, "rotation_mode": "anchor"},
    ),
    "ResNet": (COLORS[1], "s", {"xytext": (6, -7)}),
    "hybrid": (COLORS[2], "P", {"xytext": (2, 5), "rotation": 40, "rotation_mode": "anchor"}),
}


def scaling(report: Report) -> Figure:
    """Ours at the left, the paper's at the right; both on a logarithmic axis of exaFLOPs."""
    figure, ((ours, paper),) = panels(1, 2, 9.4, 4.8)
    rows = results_by_row(report)
    sets = list(
        dict.fromkeys(result.cell.axes["transfer"] for row in rows.values() for result in row if result.cell.runs)
    )
    names = [stand_in(report.plan, report.experiment, "transfer", name) or name for name in sets]
    points = {
        key: (report.costs[key].spent, complete_mean(result.mean for result in row if result.cell.runs))
        for key, row in rows.items()
    }
    draw_panel(ours, points, f"ours: mean of {', '.join(names)}")
    points = {
        key: (report.costs[key].paper, complete_mean(result.paper for result in row)) for key, row in rows.items()
    }
    draw_panel(paper, points, "the paper: mean of its five sets (Figure 5)", color=GREY)
    ours.set_ylabel("top-1 percent")
    figure.legend(*paper.get_legend_handles_labels(), loc="outside upper center", ncols=len(FAMILIES), frameon=False)
    return figure


def results_by_row(report: Report) -> dict[tuple, list[Result]]:
    """Key of a row -> its results, without sets that only relabel another set's runs (ImageNet ReaL)."""
    rows = {}
    for result in report.results:
        if result.cell.axes["transfer"] not in report.experiment.same_run:  # the paper's mean omits them too
            rows.setdefault(result.cell.key(report.experiment.rows), []).append(result)
    return rows


def complete_mean(values: Iterable[float | None]) -> float | None:
    """None if any value is missing: a mean over fewer sets than its neighbors' would not be comparable."""
    values = list(values)
    return fmean(values) if values and None not in values else None


def draw_panel(axis: Axes, points: dict[tuple, tuple[float | None, float | None]], title: str, **look) -> None:
    """points: key of a row -> (exaFLOPs, accuracy)."""
    axis.set_title(title, **look)
    axis.set_xscale("log")
    axis.set_xlabel("exaFLOPs of pre-training")
    axis.margins(x=0.18, y=0.13)  # room for the labels of the outermost points
    for family, (color, marker, offset) in FAMILIES.items():
        members = {key: point for key, point in points.items() if family_of(key[0]) == family and None not in point}
        costs, means = [cost for cost, _ in members.values()], [mean for _, mean in members.values()]
        axis.scatter(costs, means, s=38, edgecolor="white", linewidth=0.5, color=color, marker=marker, label=family)
        for key, point in members.items():
            label = point_label(key, points)
            axis.annotate(label, point, textcoords="offset points", fontsize=7, color=GREY, **offset)


def family_of(model: str) -> str:
    return "hybrid" if "+" in model else "ResNet" if model.startswith("ResNet") else "ViT"


def point_label(key: tuple, keys: Iterable[tuple]) -> str:
    """'L/16' for ('ViT-L/16', 7), as the marker shows the family; 'L/16 7ep' if the model has several rows."""
    model = str(key[0]).removeprefix("ViT-").replace("ResNet", "R").replace("+ViT-", "+")
    repeated = sum(other[0] == key[0] for other in keys) > 1
    return f"{model} {key[1]}ep" if repeated else model
