"""Figures 2, 3 and 5: which runs they share with tables, what is drawn where, legible also where everything is drawn."""

import csv
import hashlib
from itertools import pairwise
from statistics import fmean, stdev

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer, ErrorbarContainer
from report_runs import count_costs, finish, planned_ablation
from test_report_pictures import assert_legible, texts

from vit.errors import UserError
from vit.paths import PAPER, ROOT
from vit.plan import make_plan
from vit.report.collect import collect
from vit.report.means import group_means
from vit.report.paper_values import Published
from vit.report.pictures import DRAWN, picture
from vit.report.pictures.scaling import HEIGHT, WIDTH, label_axes
from vit.report.pictures.style import LOOK, panels

FIGURES = ("figure2", "figure3", "figure5")  # at the paper's scale Table 6 has the picture of Figure 5


def accuracy(run):
    """Different for each run, the same each time."""
    return 0.8 + int(hashlib.sha256(run.encode()).hexdigest()[:6], 16) % 1000 / 6000


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """(scale, figure) -> its report, all runs finished, and the drawn figure. Of two ViTs pre-training costs its images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_RESULTS", str(tmp_path_factory.mktemp("results")))
        count_costs()
        made = {}

        def make(scale, name):
            if (scale, name) not in made:
                plan = make_plan(scale, [name])
                for position, run in enumerate(plan.runs):
                    finish(plan, run, accuracy(run), flops=int(1e19 * (1 + position)))
                report = collect(plan, name)
                with matplotlib.rc_context(LOOK):
                    figure = DRAWN[report.experiment.picture](report)
                    FigureCanvasAgg(figure).draw()
                made[scale, name] = report, figure
            return made[scale, name]

        yield make


def published(file):
    with open(PAPER / file, newline="") as lines:
        return list(csv.DictReader(lines))


def ours(axis):
    """Label -> (x, y) of the points with error bars."""
    bars = [bar for bar in axis.containers if isinstance(bar, ErrorbarContainer)]
    return {bar.get_label(): list(zip(*bar.lines[0].get_data(), strict=True)) for bar in bars}


def papers(axis, marker=None):
    """(x, y) of the signs in grey."""
    lines = [line for line in axis.get_lines() if "the paper" in line.get_label()]
    return [tuple(point) for line in lines if marker in (None, line.get_marker()) for point in line.get_xydata()]


@pytest.mark.parametrize(("figure", "table"), [("figure2", "table9"), ("figure5", "table6")])
def test_all_runs_at_the_papers_scale_are_those_of_the_table(figure, table):
    plan = make_plan("paper", [figure, table])
    assert plan.runs_of(figure) and set(plan.runs_of(figure)) <= set(plan.runs_of(table))


def test_figure_3_is_the_runs_of_table_5_and_bits_smallest_and_largest():
    plan = make_plan("paper", ["figure3", "table5", "table7"])
    new = set(plan.runs_of("figure3")) - set(plan.runs_of("table5")) - set(plan.runs_of("table7"))
    assert {plan.runs[run].model for run in new} == {"ResNet50x1", "ResNet152x4"}
    assert {plan.runs[run].recipe for run in new} == {"pretrain-sgd", "finetune-bit"}
    small = [run for run in new if plan.runs[run].model == "ResNet50x1"]
    assert not any("jft" in run for run in small)  # those are Table 7's


def test_stand_ins_of_imagenet_are_for_figures_and_leave_tables_as_they_are():
    for scale in ("mini", "smoke"):
        plan = make_plan(scale)
        users = {cell.experiment for cell in plan.cells if cell.runs and cell.axes["transfer"] == "ImageNet"}
        assert users == {"figure3", "figure5"}


@pytest.mark.parametrize(
    ("scale", "name"),
    [*(("paper", name) for name in FIGURES), *(("mini", name) for name in FIGURES), ("mini", "table6")],
)
def test_no_text_overlaps_another(drawn, scale, name):
    assert_legible(drawn(scale, name)[1])


def test_ticks_of_a_narrow_range_of_costs_do_not_run_into_each_other():
    figure, ((axis,),) = panels(1, 1, WIDTH, HEIGHT)
    axis.plot([1.6e-10, 4e-9], [1, 2], "o")
    label_axes(axis)
    FigureCanvasAgg(figure).draw()
    boxes = [name.get_window_extent() for name in axis.get_xticklabels(which="both") if name.get_text()]
    boxes.sort(key=lambda box: box.x0)
    assert len(boxes) > 2 and all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_names_cover_no_sign_of_the_crowded_figure(drawn):
    _, figure = drawn("paper", "figure5")
    for axis in figure.axes:
        points = [*(point for line in ours(axis).values() for point in line), *papers(axis)]
        assert len(points) == 36
        for x, y in axis.transData.transform(points):
            for name in axis.texts:
                box = name.get_window_extent()
                assert not name.get_text() or not (box.x0 < x < box.x1 and box.y0 < y < box.y1), name.get_text()


def test_pictures_are_equal_bytes_twice(drawn):
    report, _ = drawn("mini", "figure5")
    first, again = picture(report), picture(report)
    assert first == again and first["png"].startswith(b"\x89PNG") and first["svg"].startswith(b"<?xml")
    width = int.from_bytes(first["png"][16:20])  # of the header
    assert width == pytest.approx(200 * drawn("mini", "figure5")[1].get_size_inches()[0], abs=2)


def test_figure_5_draws_ours_over_the_papers_points(drawn):
    report, figure = drawn("paper", "figure5")
    average, imagenet = figure.axes
    assert {axis.get_xscale() for axis in figure.axes} == {"log"}
    rows = published("fig5_scaling_digitised.csv")
    for axis, x, y in (
        (average, "exaflops_x_imagenet_panel", "average5_y"),
        (imagenet, "exaflops_x_imagenet_panel", "imagenet_y"),
    ):
        expected = sorted((float(row[x]), float(row[y])) for row in rows)
        assert sorted(papers(axis)) == [pytest.approx(point, abs=0.01) for point in expected]
    of_l16 = [result for result in report.results if result.cell.key(("model", "epochs")) == ("ViT-L/16", 14)]
    cost = report.costs["ViT-L/16", 14].spent
    assert len(of_l16) == 5 and (cost, pytest.approx(fmean(result.mean for result in of_l16))) in ours(average)["ViT"]
    assert sum(map(len, ours(average).values())) == sum(map(len, ours(imagenet).values())) == 18
    assert (
        average.get_title("left").replace("\n", " ").startswith("mean of CIFAR-10, ")
        and imagenet.get_title("left") == "ImageNet"
    )


def test_at_mini_figure_5_says_what_stands_in_and_counts_no_set_twice(drawn):
    report, figure = drawn("mini", "figure5")
    average, alone, paper, papers_alone = figure.axes
    assert average.get_title("left") == "ours: mean of mnist-5k, digits, unseen-fractals"
    assert alone.get_title("left") == "ours: unseen-fractals (in place of ImageNet)"
    assert (paper.get_title("left"), papers_alone.get_title("left")) == (
        "the paper: mean of its 5 sets",
        "the paper: ImageNet",
    )
    assert not papers(average) and len(papers(paper)) == len(papers(papers_alone)) == 18
    sets = ("CIFAR-10", "CIFAR-100", "Oxford-IIIT-Pets")
    of_b32 = [result.mean for result in report.planned if result.cell.axes["model"] == "ViT-B/32" and result.cell.axes["transfer"] in sets]  # fmt: skip
    assert len(of_b32) == 3 and fmean(of_b32) in [pytest.approx(y) for _, y in ours(average)["ViT"]]


def test_table_6_at_mini_has_the_papers_panel_beside_ours(drawn):
    _, figure = drawn("mini", "table6")
    mine, paper = figure.axes
    assert mine.get_position().y0 == pytest.approx(paper.get_position().y0)
    assert {"R50x1", "R101x1"} <= {text.get_text() for text in mine.texts}
    assert not papers(mine) and len(papers(paper)) == 18


def test_families_and_models_are_told_apart_without_color(drawn):
    for name, count in (("figure5", 3), ("figure3", 5)):
        axis = drawn("paper", name)[1].axes[0]
        bars = [bar.lines[0] for bar in axis.containers if isinstance(bar, ErrorbarContainer)]
        assert len(bars) == len({(bar.get_marker(), bar.get_markersize()) for bar in bars}) == count
    bars = [bar for bar in drawn("paper", "figure2")[1].axes[0].containers if isinstance(bar, BarContainer)]
    assert (
        len({bar.patches[0].get_hatch() for bar in bars}) == 6
    )  # ViT-H/14 has one look, ours in color over the paper's


def test_figure_3_draws_every_vit_and_the_band_of_bit(drawn):
    report, figure = drawn("paper", "figure3")
    (axis,) = figure.axes
    rows = published("fig3_transfer_to_imagenet_digitised.csv")
    values = {"ViT": [], "BiT": []}
    for row in rows:
        values[row["model"][:3]].append(float(row["imagenet_top1_percent_digitised"]))
    assert sorted(y for _, y in papers(axis)) == sorted(values["ViT"])
    theirs, mine = axis.collections[0], next(area for area in axis.collections if area.get_label() == "ResNets")
    assert theirs.get_label() == "ResNets, the paper" and mine.get_hatch() and not theirs.get_hatch()
    assert set(values["BiT"]) == {float(y) for y in theirs.get_paths()[0].vertices[:, 1]}
    resnets = [result.mean for result in report.results if result.cell.axes["model"].startswith("ResNet")]
    assert {float(y) for y in mine.get_paths()[0].vertices[:, 1]} == set(resnets) and len(resnets) == 6
    drawn_vits = sorted(y for line in ours(axis).values() for _, y in line)
    assert drawn_vits == sorted(result.mean for result in report.results if result.cell.axes["model"].startswith("ViT"))
    sizes = {bar.get_label(): bar.lines[0].get_markersize() for bar in axis.containers}
    assert sizes["ViT-B/16"] == sizes["ViT-B/32"] < sizes["ViT-L/16"] == sizes["ViT-L/32"] < sizes["ViT-H/14"]


def test_at_mini_figure_3_names_the_stand_ins(drawn):
    _, figure = drawn("mini", "figure3")
    mine, paper = figure.axes
    assert (
        mine.get_title("left") == "ours: unseen-fractals (in place of ImageNet)"
        and paper.get_title("left") == "the paper: ImageNet"
    )
    assert [tick.get_text() for tick in mine.get_xticklabels()] == [
        "fractals-1k\n(ImageNet)",
        "fractals-10k\n(ImageNet-21k)",
        "fractals-100k\n(JFT-300M)",
    ]
    assert not papers(mine) and list(ours(mine)) == ["ViT-B/32", "ViT-B/16", "ViT-L/16"] and len(papers(paper)) == 13


def heights(axis):
    """Label -> height of its bar."""
    return {bar.get_label(): bar.patches[0].get_height() for bar in axis.containers if isinstance(bar, BarContainer)}


def test_figure_2_has_a_panel_for_each_group_and_the_papers_bars(drawn):
    report, figure = drawn("paper", "figure2")
    assert [axis.get_title("left") for axis in figure.axes] == ["VTAB", "Natural", "Specialized", "Structured"]
    bars = published("fig2_vtab_groups_digitised.csv")
    for axis in figure.axes:
        printed = {
            row["model"]: float(row["accuracy_percent"])
            for row in bars
            if row["task_group"].startswith(axis.get_title("left"))
        }
        printed["ViT-H/14 / JFT-300M"] = printed.pop("ViT-H/14")
        shown = heights(axis)
        assert {name.removesuffix(", the paper"): shown[name] for name in shown if "the paper" in name} == printed
        names = report.experiment.means["transfer"][axis.get_title("left")]
        for model, pretrain in (("ViT-H/14", "JFT-300M"), ("ViT-L/16", "JFT-300M"), ("ViT-L/16", "ImageNet-21k")):
            members = [
                result.mean
                for result in report.results
                if result.cell.key(("model", "pretrain")) == (model, pretrain) and result.cell.axes["transfer"] in names
            ]
            assert len(members) == len(names) and shown[f"{model} / {pretrain}"] == pytest.approx(fmean(members))
        low, high = axis.get_ylim()
        assert 0 < low < min(shown.values()) and max(shown.values()) < high


def test_whiskers_of_groups_are_deviations_of_their_means_over_seeds(drawn):
    report, figure = drawn("paper", "figure2")
    natural = [result for result in report.means if result.cell.axes["transfer"] == "Natural"]
    bars = [bar for bar in figure.axes[1].containers if isinstance(bar, BarContainer) and bar.errorbar]
    for bar, result in zip(bars, natural, strict=True):
        ((_, low), (_, high)) = bar.errorbar.lines[2][0].get_segments()[0]
        assert (high - low) / 2 == pytest.approx(stdev(result.values.values())) and len(result.values) == 3


def test_at_mini_figure_2_says_which_tasks_there_are(drawn):
    _, figure = drawn("mini", "figure2")
    mine, paper = figure.axes[:4], figure.axes[4:]
    assert mine[1].get_title("left") == "ours: Natural (2 of 7)\nmean of mnist-1k, digits-1k"
    assert mine[3].get_title("left") == "ours: Structured (1 of 8)\nsprites"
    assert list(heights(mine[0])) == ["ViT-L/16 / fractals-100k", "ViT-L/16 / fractals-10k"]
    assert [axis.get_title("left") for axis in paper] == [f"the paper: {name}" for name in ("VTAB", "Natural", "Specialized", "Structured")]  # fmt: skip
    assert all("ViT-H/14 / JFT-300M, the paper" in heights(axis) and len(heights(axis)) == 4 for axis in paper)
    assert any("do not start at 0" in text.get_text() for text in texts(figure))


def test_a_mean_that_the_paper_prints_by_its_label_is_judged(drawn):
    """Of an experiment whose pre-training set is public, with everything else the same."""
    report, _ = drawn("paper", "figure2")
    assert {result.verdict for result in report.results} == {"NO PAPER VALUE"}  # the tasks are in Table 9
    heads = [result for result in report.means if result.cell.axes["model"] == "ViT-H/14"]
    assert {result.verdict for result in heads} == {"NOT TESTABLE"}  # JFT-300M
    experiment = report.experiment.__class__(**{**vars(report.experiment), "private": []})
    judged = {
        result.cell.axes["transfer"]: (result.verdict, result.mean - result.paper)
        for result in group_means(report.plan, experiment, Published(report.paper), report.results)
        if result.paper is not None
    }
    assert len(judged) == 4
    assert all(verdict == ("REPRODUCED" if abs(off) <= 1 else "OFF") for verdict, off in judged.values())


def test_groups_need_means(tmp_path, monkeypatch):
    text = (ROOT / "experiments" / "table5.yaml").read_text().replace("picture: transfer", "picture: groups")
    with pytest.raises(UserError, match=r"mine\.yaml: picture: groups .* \(means\)"):
        planned_ablation(tmp_path, monkeypatch, "mine", text)


def test_a_picture_without_published_numbers_has_no_panels_for_them(tmp_path, monkeypatch):
    text = (ROOT / "experiments" / "figure3.yaml").read_text().split("paper:\n")[0]
    plan = planned_ablation(tmp_path, monkeypatch, "mine", text)
    for run in plan.runs:
        finish(plan, run, accuracy(run))
    (axis,) = DRAWN["band"](collect(plan, "mine")).axes
    assert not papers(axis) and list(ours(axis)) == ["ViT-B/32", "ViT-B/16"]
