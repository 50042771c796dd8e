"""Table 6 as the paper's Figure 5: mean accuracy over the transfer sets against the cost of pre-training."""

from statistics import fmean

from vit.report.names import stand_in
from vit.report.pictures.style import COLOURS, GREY, panels

# family -> colour, marker, and where names stand beside it: ViTs and hybrids share one curve, ResNets lie below it
FAMILIES = {
    "ViT": (
        COLOURS[0],
        "o",
        {"xytext": (-4, -4), "ha": "right", "va": "top", "rotation": 40, "rotation_mode": "anchor"},
    ),
    "ResNet": (COLOURS[1], "s", {"xytext": (6, -7)}),
    "hybrid": (COLOURS[2], "P", {"xytext": (2, 5), "rotation": 40, "rotation_mode": "anchor"}),
}


def scaling(report):
    """Ours at the left, the paper's at the right; both on a logarithmic axis of exaFLOPs."""
    figure, ((ours, paper),) = panels(1, 2, 9.4, 4.8)
    rows = _rows(report)
    sets = list(
        dict.fromkeys(result.cell.axes["transfer"] for row in rows.values() for result in row if result.cell.runs)
    )
    names = [stand_in(report.plan, report.experiment, "transfer", name) or name for name in sets]
    points = {
        key: (report.costs[key].spent, _mean(result.mean for result in row if result.cell.runs))
        for key, row in rows.items()
    }
    _panel(ours, points, f"ours: mean of {', '.join(names)}")
    points = {key: (report.costs[key].paper, _mean(result.paper for result in row)) for key, row in rows.items()}
    _panel(paper, points, "the paper: mean of its five sets (Figure 5)", color=GREY)
    ours.set_ylabel("top-1 percent")
    figure.legend(*paper.get_legend_handles_labels(), loc="outside upper center", ncols=len(FAMILIES), frameon=False)
    return figure


def _rows(report):
    """Row -> its results. Sets that only re-label another one's runs (ImageNet ReaL) are not in the paper's mean."""
    rows = {}
    for result in report.results:
        if result.cell.axes["transfer"] not in report.experiment.same_run:
            rows.setdefault(result.cell.key(report.experiment.rows), []).append(result)
    return rows


def _mean(values):
    """A mean over fewer sets than its neighbours' would not be comparable: all or nothing."""
    values = list(values)
    return fmean(values) if values and None not in values else None


def _panel(axis, points, title, **look):
    axis.set_title(title, **look)
    axis.set_xscale("log")
    axis.set_xlabel("exaFLOPs of pre-training")
    axis.margins(x=0.18, y=0.13)
    for family, (colour, marker, place) in FAMILIES.items():
        mine = {key: point for key, point in points.items() if _family(key[0]) == family and None not in point}
        costs, means = [cost for cost, _ in mine.values()], [mean for _, mean in mine.values()]
        axis.scatter(costs, means, s=38, edgecolor="white", linewidth=0.5, color=colour, marker=marker, label=family)
        for key, point in mine.items():
            axis.annotate(_short(key, points), point, textcoords="offset points", fontsize=7, color=GREY, **place)


def _family(model):
    return "hybrid" if "+" in model else "ResNet" if model.startswith("ResNet") else "ViT"


def _short(key, keys):
    """'L/16' for ('ViT-L/16', 7), as the marker says the family; with the epochs where the model stands there twice."""
    model = str(key[0]).removeprefix("ViT-").replace("ResNet", "R").replace("+ViT-", "+")
    twice = sum(other[0] == key[0] for other in keys) > 1
    return f"{model} {key[1]}ep" if twice else model
