"""What runs of vit.tasks.Inspect left, as panels side by side (Figures 6, 7, 10, 11 and 14)."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit import paths
from vit.errors import UserError
from vit.plan.resolve import holds, load_recipe
from vit.report.collect import Report
from vit.report.paper_values import parse_number, read_rows, same_value
from vit.report.pictures.arrangement import CHARACTER, label, legend_above, panels_of, varying
from vit.report.pictures.attention_overlay import attention_maps
from vit.report.pictures.distance_dots import attention_distance, draw_published
from vit.report.pictures.filter_tiles import filters
from vit.report.pictures.similarity_tiles import position_similarity
from vit.report.results import Result

DRAWN = {
    "filters": filters,
    "position_similarity": position_similarity,
    "attention_distance": attention_distance,
    "attention_maps": attention_maps,
}  # vit.plan.inspection.PANELS
WIDTH, HEIGHT = 3.9, 3.7  # of a panel in inches
TALL = 6.5  # of attention maps, which are as many images


def of_arrays(report: Report) -> Figure:
    """A panel for each kind that the experiment's `picture` names and each run of the cells that it names there."""
    drawn = list(panels_in(report))
    maps = any(kind == "attention_maps" for kind, _, _ in drawn)
    figure, axes = panels_of(len(drawn), max(WIDTH, TALL * maps / min(len(drawn), 2)), TALL if maps else HEIGHT)
    for axis, (kind, result, run) in zip(axes, drawn, strict=True):
        title = DRAWN[kind](axis, arrays_of(report, run, kind))
        beside = [other for known, other, _ in drawn if known == kind]
        axis.set_title("\n".join([title, *lines_of_title(report, result, beside)]))
        if kind == "attention_distance" and report.paper:
            draw_papers_dots(axis, report, result, run)
    legend_above(figure)
    return figure


def panels_in(report: Report) -> Iterator[tuple[str, Result, str]]:
    """(kind, a result, its run) of each panel: of results that share a run the first, of several pre-trainings the first."""
    for kind, condition in report.experiment.picture.items():
        runs = {}
        for result in report.results:
            for record in result.finished[:1] if holds(condition, result.cell.axes) else ():
                runs.setdefault(record["id"], result)
        yield from ((kind, result, run) for run, result in runs.items())


def arrays_of(report: Report, run: str, kind: str) -> Mapping[str, np.ndarray]:
    arrays = report.arrays.get(run, {})
    if kind not in arrays:
        raise UserError(
            f"{report.name}.yaml: picture: {kind}: {run} left none, but {', '.join(arrays) or 'no arrays'}; leave its cell out"
        )
    return arrays


def lines_of_title(report: Report, result: Result, beside: list[Result]) -> list[str]:
    """'ViT-L/16 / fractals-10k': model and pre-training set; then what tells it from the results beside it."""
    named = ["model", "pretrain"]
    others = varying(report, beside, [axis for axis in report.experiment.rows if axis not in named])
    names = [label(report, result, axes) for axes in (named, others) if axes]
    return [line for name in names for line in wrap(name, int(WIDTH / CHARACTER))]


def draw_papers_dots(axis: Axes, report: Report, result: Result, run: str) -> None:
    """The published distances of this model, if there are any."""
    dots = papers_dots(report, result.cell.axes["model"])
    if len(dots):
        depth = len(report.arrays[run]["attention_distance"])
        side = load_recipe(result.cell.recipes[-1])["image_size"]
        ours = report.plan.runs[run].image_size
        draw_published(axis, dots, depth=(depth, int(dots[:, 0].max()) + 1), side=(ours, side))


def papers_dots(report: Report, model: str) -> np.ndarray:
    """(layer, distance in pixels) of each head of a model, from the CSV that the experiment names: (N, 2)."""
    paper, path = report.paper, paths.PAPER / report.paper.file
    columns = ["layer", paper.value]
    rows = read_rows(path, [paper.match["model"], *columns])
    return np.array(
        [
            [parse_number(row[column], f"{paths.name_of(path)}:{line}: column '{column}'") for column in columns]
            for line, row in rows
            if same_value(paper.names.get(model, model), row[paper.match["model"]])
        ]
    ).reshape(-1, 2)
