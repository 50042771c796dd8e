"""Figure 5, and Table 6 as a picture: accuracy after transfer against the compute of pre-training, a sign for each family."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.collect import Report
from vit.report.means import seed_means
from vit.report.names import family_of
from vit.report.pictures.arrangement import CHARACTER, comparable, legend_above, own_name, panels_with_paper
from vit.report.pictures.labels import place_labels
from vit.report.pictures.over_paper import name_decades
from vit.report.pictures.style import COLORS, GREY, PALE
from vit.report.results import Result
from vit.report.spread import spread

FAMILIES = {"ViT": (COLORS[0], "o"), "ResNet": (COLORS[1], "s"), "hybrid": (COLORS[2], "P")}  # -> color, marker
ALONE = "ImageNet"  # the transfer set of Figure 5's right panel; the left one has the mean over all
SIZE = 7  # of a sign, in points
RIM = 2  # how much larger the paper's signs are below ours, so that they show where the two are equal
WIDTH, HEIGHT = 4.7, 4.4  # of a panel, in inches
Key = tuple  # of a row: model and epochs


@dataclass(frozen=True)
class Point:
    """One pre-trained model."""

    cost: float  # exaFLOPs
    accuracy: float  # percent
    spread: float | None = None  # standard deviation over seeds


def scaling(report: Report) -> Figure:
    """A panel for the mean over the transfer sets and one for ImageNet alone, ours over the paper's.

    Where something stands in, the paper's have panels of their own: below ours, or beside them where there is one.
    """
    rows, over = results_by_row(report), comparable(report)
    planned = list(dict.fromkeys(result.cell.axes["transfer"] for result in report.planned if counted(report, result)))
    everything = list(dict.fromkeys(result.cell.axes["transfer"] for row in rows.values() for result in row))
    sets = [distinct(report, planned), *([[ALONE]] if ALONE in planned else [])]
    figure, upper, lower = panels_with_paper(len(sets), WIDTH, HEIGHT, over=over)
    named = {}
    for axis, names in zip(upper, sets, strict=True):
        ours = points(report, rows, names, ours=True)
        paper = points(report, rows, names, ours=False) if over else {}
        axis.set_title(fill(heading(report, names, "" if over else "ours: "), int(WIDTH / CHARACTER)))
        draw_paper(axis, paper, PALE, RIM)
        draw_ours(axis, ours)
        named[axis] = {**paper, **ours}
    for axis, names in () if over else zip(lower, [everything, *sets[1:]], strict=True):
        paper = points(report, rows, names, ours=False)
        axis.set_title(f"the paper: {f'mean of its {len(names)} sets' if len(names) > 1 else names[0]}", color=GREY)
        draw_paper(axis, paper, GREY, 0)
        named[axis] = paper
    for axis in figure.axes:
        label_axes(axis)
    legend_above(figure)
    for axis, drawn in named.items():
        place_labels(axis, [(point_label(key, rows), point.cost, point.accuracy) for key, point in drawn.items()])
    return figure


def results_by_row(report: Report) -> dict[Key, list[Result]]:
    """Key of a row -> its results, without sets that only relabel another set's runs (ImageNet ReaL)."""
    rows = {}
    for result in report.results:
        if counted(report, result):
            rows.setdefault(result.cell.key(report.experiment.rows), []).append(result)
    return rows


def counted(report: Report, result: Result) -> bool:
    """The paper's mean omits label sets that are read off another set's runs too."""
    return result.cell.axes["transfer"] not in report.experiment.same_run


def distinct(report: Report, names: list[str]) -> list[str]:
    """The sets without those whose stand-in another one has already: it would count twice in a mean."""
    own = {}
    for name in names:
        own.setdefault(own_name(report, "transfer", name), name)
    return list(own.values())


def heading(report: Report, names: list[str], whose: str) -> str:
    """'ours: mean of mnist-5k, digits', 'ours: unseen-fractals (in place of ImageNet)'."""
    own = [own_name(report, "transfer", name) for name in names]
    if len(names) > 1:
        return f"{whose}mean of {', '.join(own)}"
    return f"{whose}{own[0]}" + (f" (in place of {names[0]})" if own != names else "")


def points(report: Report, rows: dict[Key, list[Result]], sets: list[str], *, ours: bool) -> dict[Key, Point]:
    """Key of a row -> its point; rows of which a set or the cost is missing have none, or means would not be comparable."""
    found = {}
    for key, row in rows.items():
        members = [result for result in row if result.cell.axes["transfer"] in sets]
        accuracies = [result.mean if ours else result.paper for result in members]
        cost = report.costs[key].spent if ours else report.costs[key].exact
        if cost is not None and accuracies and None not in accuracies:
            found[key] = Point(cost, fmean(accuracies), spread(seed_means(members)) if ours else None)
    return found


def draw_ours(axis: Axes, found: dict[Key, Point]) -> None:
    for family, (color, marker) in FAMILIES.items():
        members = [point for key, point in found.items() if family_of(key[0]) == family]
        if members:
            look = {"color": color, "markersize": SIZE, "markeredgecolor": "white", "markeredgewidth": 0.5}
            spreads = [point.spread or 0 for point in members]
            axis.errorbar(*coordinates(members), spreads, fmt=marker, elinewidth=1, capsize=2, label=family, **look)


def draw_paper(axis: Axes, found: dict[Key, Point], color: str, rim: float) -> None:
    for family, (_, marker) in FAMILIES.items():
        members = [point for key, point in found.items() if family_of(key[0]) == family]
        if members:
            axis.plot(*coordinates(members), marker, color=color, markersize=SIZE + rim, label=f"{family}, the paper")


def coordinates(members: list[Point]) -> tuple[list[float], list[float]]:
    return [point.cost for point in members], [point.accuracy for point in members]


def label_axes(axis: Axes) -> None:
    name_decades(axis)
    axis.set_xlabel("exaFLOPs of pre-training")
    axis.set_ylabel("top-1 percent")
    axis.margins(x=0.12, y=0.1)  # room for the names of the outermost points


def point_label(key: Key, keys: Iterable[Key]) -> str:
    """'L/16' for ('ViT-L/16', 7), as the marker shows the family; 'L/16 7ep' if the model has several rows."""
    model = str(key[0]).removeprefix("ViT-").replace("ResNet", "R").replace("+ViT-", "+")
    repeated = sum(other[0] == key[0] for other in keys) > 1
    return f"{model} {key[1]}ep" if repeated else model
