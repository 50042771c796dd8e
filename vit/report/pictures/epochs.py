"""Few-shot accuracy during pre-training, by epoch (Figure 9): curves that runs with pretrain.fewshot_every leave."""

from matplotlib.figure import Figure

from vit.paths import runs_folder
from vit.report.collect import Report
from vit.report.names import stand_in
from vit.report.pictures.arrangement import by_label, legend_above, panels_of
from vit.report.pictures.over_paper import Points, draw_papers_line, looks_of, papers_name, percent
from vit.report.results import Result
from vit.report.tensorboard.curves import read_scalars

WIDTH, HEIGHT = 6.8, 4.4  # of the panel in inches
END = "at the end, on test images"


def epochs(report: Report) -> Figure:
    """Our curves are measured on held-out training images; a larger sign at the end is the cell of the table."""
    figure, (axis,) = panels_of(1, WIDTH, HEIGHT)
    looks = looks_of(report, report.experiment.rows)
    for name, results in by_label(report, report.results, report.experiment.rows).items():
        look, points = looks[name], [point for result in results for point in curve(report, result)]
        paper = [point for result in results for point in result.figure.get("x", ())]
        draw_papers_line(axis, paper, {**look, "markersize": 3}, papers_name(points, name))
        if points:
            axis.plot(*zip(*points, strict=True), **look, markersize=4, label=name, zorder=3)
        for result in results:
            if result.mean is not None:
                end = {**look, "markersize": 9, "markeredgecolor": "black", "linestyle": "none", "zorder": 4}
                axis.plot(result.cell.axes["epochs"], result.mean, **end, label=END)
    axis.set_xlabel(epochs_label(report))
    axis.set_ylabel(percent(report))
    legend_above(figure)
    return figure


def curve(report: Report, result: Result) -> Points:
    """(epoch in the paper's count, percent on held-out images) along the cell's pre-training; [] until it is finished."""
    run = result.cell.upstream
    if run not in report.finished:
        return []
    steps = report.plan.runs[run].config["trainer"]["max_steps"]
    measured = result.cell.metric.replace("test_", "held_out_")
    return [
        ((step + 1) / steps * result.cell.axes["epochs"], 100 * value)
        for step, tag, value in read_scalars(runs_folder(report.plan.scale_name) / run)
        if tag == measured
    ]


def epochs_label(report: Report) -> str:
    """'epochs of pre-training', and how many of ours all of the paper's are where another set stands in."""
    axes = report.results[0].cell.axes
    own = stand_in(report.plan, report.experiment, "pretrain", axes["pretrain"])
    if not own:
        return "epochs of pre-training"
    ours = report.plan.scale.pretrain[axes["pretrain"]].epochs[axes["epochs"]]
    return f"epochs of pre-training in the paper; {axes['epochs']} of them are {ours} of {own} here"
