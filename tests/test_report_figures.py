"""Figures 4, 8, 9 and 13: ours and the paper's are drawn where they belong, from made-up records."""

import csv

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from report_runs import count_costs, finish
from test_report_pictures import assert_legible, texts

from vit.errors import UserError
from vit.paths import ROOT, runs_folder
from vit.plan import make_plan
from vit.plan.schema import Paper
from vit.report.collect import collect
from vit.report.paper_values import Published
from vit.report.pictures import DRAWN
from vit.report.pictures.over_paper import PAPER
from vit.report.pictures.style import LOOK

SPEED = 1234.5  # images/s of every model


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The report and the figure of an experiment whose runs are finished but for those that `keep` refuses."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))

    def make(scale, name, keep=lambda run: True):
        plan = make_plan(scale, [name])
        for position, run in enumerate(run for run in plan.runs.values() if keep(run)):
            accuracy = 0.3 + position / 100
            draws = {f"test_5shot_accuracy_draw{seed}": accuracy + (seed - 1) / 50 for seed in range(3)}
            metrics = (
                {"images_per_second": SPEED} if run.recipe == "speed" else {"test_5shot_accuracy": accuracy, **draws}
            )
            finish(plan, run.id, accuracy, metrics=metrics, flops=cost(run))
        report = collect(plan, name)
        with matplotlib.rc_context(LOOK):
            figure = DRAWN[report.experiment.picture](report)
            FigureCanvasAgg(figure).draw()
        return report, figure

    return make


def cost(run):
    """Twice as much for each layer more; without such an option, by the length of the model's name."""
    return 2.0 ** run.options.get("depth", len(run.model)) * 1e12


def published(file):
    with open(ROOT / "results" / "paper" / file) as open_file:
        return list(csv.DictReader(open_file))


def ours(axis):
    """Name -> points of the lines in color."""
    return {bar.get_label(): list(zip(*bar.lines[0].get_data(), strict=True)) for bar in axis.containers}


def papers(axis):
    """Points of each grey line, rounded."""
    lines = [line for line in axis.get_lines() if line.get_color() == PAPER]
    return sorted([(float(f"{x:.6g}"), round(y, 4)) for x, y in zip(*line.get_data(), strict=True)] for line in lines)


def points(rows, x, y, times=1.0):
    return sorted((float(row[x]), round(times * float(row[y]), 4)) for row in rows)


def test_figure_4_at_the_papers_scale_has_the_papers_points_in_grey_at_their_images(drawn):
    report, figure = drawn("paper", "figure4")
    (axis,) = figure.axes
    rows = published("fig4_fewshot_vs_jft_size_digitised.csv")
    models, columns = (
        {row["model"] for row in rows},
        ("x_position_million_images", "imagenet_linear_5shot_top1_percent"),
    )
    expected = [
        [(round(1e6 * x), y) for x, y in points([row for row in rows if row["model"] == model], *columns)]
        for model in models
    ]  # fmt: skip
    assert papers(axis) == sorted(expected)
    assert axis.get_xscale() == "log" and not axis.child_axes
    assert [x for x, _ in ours(axis)["ViT-L/16"]] == [9090000, 30300000, 90900000, 303000000]
    measured = [result.mean for result in report.results if result.cell.axes["name"] == "ViT-L/16"]
    assert [y for _, y in ours(axis)["ViT-L/16"]] == measured
    strokes = {bar.get_label(): bar.lines[0].get_linestyle() for bar in axis.containers}
    assert {name for name, stroke in strokes.items() if stroke == "--"} == {"ResNet50x1", "ResNet152x2"}
    assert len({bar.lines[0].get_marker() for bar in axis.containers}) == 6
    assert_legible(figure)


def test_figure_4_of_a_stand_in_puts_the_papers_points_at_the_same_shares(drawn):
    _, figure = drawn("mini", "figure4")
    (axis,) = figure.axes
    shares = [3000, 10000, 30000, 100000]
    assert all([x for x, _ in line] == shares for line in [*ours(axis).values(), *papers(axis)])
    assert len(papers(axis)) == 6 and len(ours(axis)) == 3
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["3,000", "10,000", "30,000", "100,000"]
    assert [tick.get_text() for tick in axis.child_axes[0].get_xticklabels()] == ["9.1M", "30M", "91M", "302M"]
    assert "ViT-L/32, the paper only" in {text.get_text() for text in texts(figure)}
    assert_legible(figure)


def test_figure_8_is_relative_to_the_reference(drawn):
    report, figure = drawn("mini", "figure8")
    imagenet, average = figure.axes
    assert [x for x, _ in ours(imagenet)["Depth"]] == [2.0**-2, 1, 2.0**4]  # 2, 4 and 8 layers
    assert all(1 in [x for x, _ in line] for line in ours(imagenet).values()) and len(ours(imagenet)) == 5
    rows = published("fig8_shape_scaling_digitised.csv")
    for axis, column in ((imagenet, "imagenet_5shot"), (average, "average_5shot")):
        lines = {row["scaled_dimension"] for row in rows}
        expected = [points([row for row in rows if row["scaled_dimension"] == line], "relative_compute", column, 100) for line in lines]  # fmt: skip
        assert papers(axis) == sorted(expected) and axis.get_xscale() == "log"
    (mean,) = [result for result in report.means if result.cell.axes["size"] == "depth x2"]
    assert (mean.paper, mean.verdict) == (pytest.approx(73.88), "NOT TESTABLE")
    assert ours(average)["Depth"][-1] == (16, mean.mean)
    assert_legible(figure)


def test_without_its_reference_figure_8_has_the_papers_points_only(drawn):
    reference = "patch-8-depth-4-width-64-heads-8-mlp-128"
    _, figure = drawn("mini", "figure8", keep=lambda run: reference not in run.id)
    assert not ours(figure.axes[0]) and len(papers(figure.axes[0])) == 5


def test_a_line_that_is_not_run_at_a_scale_is_the_papers_only(drawn):
    _, figure = drawn("smoke", "figure8")
    axis = figure.axes[0]
    assert list(ours(axis)) == ["Depth"] and len(papers(axis)) == 5
    assert "Width, the paper only" in {text.get_text() for text in texts(figure)}
    assert axis.get_ylabel() == "linear 5-shot top-1 percent\nours on stand-ins, the paper's on its own"
    assert_legible(figure)


def test_whiskers_of_a_single_evaluation_are_the_deviation_over_its_draws(drawn):
    _, figure = drawn("mini", "figure8")
    bar = figure.axes[0].containers[0]
    ((low, high), *_) = [segment[:, 1] for segment in bar.lines[2][0].get_segments()]
    assert (high - low) / 2 == pytest.approx(2)  # of 28, 30 and 32 percent, say


def test_figure_9_has_a_curve_for_each_classifier_and_rate(drawn):
    report, figure = drawn("mini", "figure9")
    assert not [line for line in figure.axes[0].get_lines() if line.get_label() == "GAP / 0.0008"]  # nothing is logged
    for run in report.plan.runs.values():
        if run.pretrains:
            steps = run.config["trainer"]["max_steps"]
            text = f"epoch,held_out_5shot_accuracy,step,train_loss\n0,,49,2.0\n0,0.25,{steps // 2 - 1},\n0,0.5,{steps - 1},\n"
            (runs_folder("mini") / run.id / "metrics.csv").write_text(text)
    with matplotlib.rc_context(LOOK):
        figure = DRAWN["epochs"](report)
        FigureCanvasAgg(figure).draw()
    (axis,) = figure.axes
    rows = published("fig9_cls_vs_gap_digitised.csv")
    keys = {(row["classifier"], row["learning_rate"]) for row in rows}
    expected = [
        points([row for row in rows if (row["classifier"], row["learning_rate"]) == key], "epoch", "imagenet_linear_5shot_percent")
        for key in keys
    ]  # fmt: skip
    assert papers(axis) == sorted(expected) and len(expected) == 3
    curves = {
        line.get_label(): list(zip(*line.get_data(), strict=True))
        for line in axis.get_lines()
        if "/" in line.get_label()
    }
    assert list(curves) == [
        f"{name} / pretrain.lr {rate}" for name, rate in (("CLS-Token", 0.0008), ("GAP", 0.0008), ("GAP", 0.0003))
    ]
    assert all(curve == [(pytest.approx(3.5, abs=0.01), 25), (7, 50)] for curve in curves.values())
    ends = [line.get_data() for line in axis.get_lines() if line.get_label() == "at the end, on test images"]
    assert [(x[0], y[0]) for x, y in ends] == [(7, result.mean) for result in report.results]
    assert {round(result.paper, 2) for result in report.results} == {56.16, 50.41, 55.72}
    assert_legible(figure)


def test_figure_13_has_compute_and_speed(drawn):
    count_costs()
    report, figure = drawn("paper", "figure13")
    compute, speed = figure.axes
    rows = published("fig13_axial_digitised.csv")
    for axis, column in ((compute, "pretrain_exaflops"), (speed, "peak_inference_img_per_sec_per_core")):
        expected = sorted([point] for point in points(rows, column, "imagenet_5shot_linear_top1", 100))
        assert papers(axis) == expected and axis.get_xscale() == "log"
    assert len(ours(compute)) == 6
    assert ours(speed) == {name: [(SPEED, y)] for name, ((_, y),) in ours(compute).items()}
    assert speed.get_title(loc="left") == "ours: a machine, 1 thread"
    flops = {name: report.finished[report.results[0].cell.upstream]["flops"] for name in ("Axial-ViT-B/16",)}
    assert ours(compute)["Axial-ViT-B/16"][0][0] == flops["Axial-ViT-B/16"] / 1e18
    assert len({bar.lines[0].get_marker() for bar in compute.containers}) == 6
    assert_legible(figure)


def test_figure_13_of_a_stand_in_has_the_papers_compute_on_an_axis_of_its_own(drawn):
    count_costs()
    _, figure = drawn("mini", "figure13")
    mine, speed, paper = figure.axes
    assert len(papers(paper)) == 6 and not papers(mine) and len(ours(mine)) == 6
    assert len(papers(speed)) == len(ours(speed)) == 6  # images/s are images/s, whatever stands in
    assert paper.get_xlabel() == "exaFLOPs in the paper" and paper.get_ylim() == mine.get_ylim()
    assert_legible(figure)


def test_without_speeds_figure_13_has_the_papers_only(drawn):
    count_costs()
    _, figure = drawn("mini", "figure13", keep=lambda run: run.recipe != "speed")
    compute, speed, _ = figure.axes
    assert len(ours(compute)) == len(papers(speed)) == 6 and not ours(speed)
    assert speed.get_title(loc="left") == "the paper's only: no speed is measured yet"


def test_two_points_of_a_curve_at_the_same_place_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vit.report.paper_values.PAPER", tmp_path)
    (tmp_path / "curve.csv").write_text("model,epoch,accuracy\na,1,10\na,2,20\nb,1,5\nb,1,6\n")
    curve = Published(Paper("curve.csv", {"model": "model"}, "accuracy", 0.5, x="epoch"))
    assert curve.value({"model": "a"}) == 20 and curve.figure({"model": "a"}) == {"x": [(1, 10), (2, 20)]}
    with pytest.raises(UserError, match=r"curve.csv:5: a second point at epoch 1 with the same key"):
        curve.value({"model": "b"})
