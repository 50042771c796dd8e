"""Bars and lines: what is drawn where, told apart without color, no two labels on top of each other."""

from itertools import combinations

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer
from matplotlib.text import Text
from report_runs import cell, finish, planned_ablation

from vit.paths import ROOT
from vit.plan.schema import PICTURES
from vit.report.collect import collect
from vit.report.pictures import DRAWN, picture
from vit.report.pictures.style import LOOK

GRID = """
title: "An ablation"
grid:
  form:
    - {label: without, finetune.dropout: 0.0}
    - {label: a tenth of all activations, finetune.dropout: 0.1}
    - {label: a fifth, finetune.dropout: 0.2}
  model: [ViT-B/32, ViT-B/16, ViT-L/16]     # the last is left out at scale smoke
  pretrain: [none]
  transfer: [CIFAR-10, CIFAR-100]
rows: [form]
columns: [transfer, model]
"""
NUMBERS = """
title: "A rate"
grid:
  finetune.lr: [x1, x3]
  model: [ViT-B/32, ViT-B/16]
  pretrain: [none]
  transfer: [CIFAR-10, CIFAR-100]
rows: [finetune.lr]
columns: [transfer, model]
picture: lines
at: {smoke: {finetune.lr: RATES}}
"""
RATES = "[0.0001, 0.00011, 0.001, 0.01, 0.1, 1]"


def accuracy(run):
    """Different for each run, the same each time."""
    return 0.5 + int(run.rpartition("-")[2], 16) % 1000 / 2500


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The report and the figure of an ablation at scale smoke; all of its runs finished."""

    def make(text, keep=lambda plan: plan.runs):
        plan = planned_ablation(tmp_path, monkeypatch, "mine", text)
        for run in keep(plan):
            finish(plan, run, accuracy(run))
        report = collect(plan, "mine")
        with matplotlib.rc_context(LOOK):
            figure = DRAWN[report.experiment.picture](report)
            FigureCanvasAgg(figure).draw()
        return report, figure

    return make


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


def assert_legible(figure):
    """No two texts overlap, and none leaves the figure. Ticks beyond the limits of their axis are not drawn."""
    beyond = set()
    for axis in figure.axes:
        for ticks, (low, high), way in (
            (axis.get_xticklabels(), axis.bbox.intervalx, 0),
            (axis.get_yticklabels(), axis.bbox.intervaly, 1),
        ):
            for tick in ticks:
                middle = tick.get_window_extent().get_points()[:, way].mean()
                beyond |= set() if low - 1 <= middle <= high + 1 else {tick}
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure) if text not in beyond]
    for (first, one), (second, other) in combinations(boxes, 2):
        width, height = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
        assert width <= 0.5 or height <= 0.5, (first, second)
    for name, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1, name


def bar_widths(figure):
    containers = [container for axis in figure.axes for container in axis.containers]
    return sorted(patch.get_width() for bar in containers if isinstance(bar, BarContainer) for patch in bar)


def test_every_picture_that_an_experiment_may_name_is_drawn():
    assert set(DRAWN) == set(PICTURES)


def test_bars_without_a_base_start_at_zero_and_say_their_number(drawn):
    report, figure = drawn(GRID + "picture: bars\n")
    assert len(figure.axes) == 2 and all(axis.get_xlim()[0] == 0 for axis in figure.axes)  # a panel for each data set
    widths = bar_widths(figure)
    measured = [result for result in report.results if result.mean is not None]
    assert len(widths) == 12 and widths == pytest.approx(sorted(result.mean for result in measured))
    shown = {text.get_text() for text in texts(figure)}
    assert {f"{result.mean:.2f} ±{result.std:.2f}" for result in measured} <= shown
    assert {"ViT-B/32", "ViT-B/16", "a tenth of all activations"} <= shown
    assert_legible(figure)


def test_bars_with_a_base_are_differences_to_it(drawn):
    report, figure = drawn(GRID + "picture: bars\nbase: {form: without}\n")
    widths = bar_widths(figure)
    assert len(widths) == 8
    assert widths == pytest.approx(sorted(result.to_base.mean for result in report.results if result.to_base))
    assert "without" not in {text.get_text() for text in texts(figure)}
    assert figure.get_supxlabel() == "points above the base, form without"
    assert_legible(figure)


def test_bars_of_bare_numbers_say_of_what(drawn):
    """0 and 4 alone could be anything, words cannot."""
    numbers = GRID.replace("label: without", "label: 0").replace("label: a tenth of all activations", "label: 4")
    for base in ("", "base: {form: 0}\n"):
        _, figure = drawn(numbers + "picture: bars\n" + base)
        ticks = {tick.get_text() for axis in figure.axes for tick in axis.get_yticklabels()}
        names = ticks | {text.get_text() for legend in figure.legends for text in legend.get_texts()}
        assert {"form 4", "a fifth", "ViT-B/16"} <= names and not {"0", "4"} & names
        assert_legible(figure)


def test_a_single_seed_is_a_bar_without_a_whisker(drawn):
    _, figure = drawn(
        GRID + "picture: bars\nbase: {form: without}\n", keep=lambda plan: [run for run in plan.runs if "seed0" in run]
    )
    numbers = [text.get_text() for text in texts(figure) if text.get_text()[0] in "+-"]
    assert len(numbers) == 8 and not any("±" in number for number in numbers)
    assert_legible(figure)


def test_while_only_the_base_is_finished_bars_are_accuracies(drawn):
    def base(plan):
        return [run for cell in plan.cells if cell.axes["form"] == "without" for run in cell.runs]

    _, figure = drawn(GRID + "picture: bars\nbase: {form: without}\n", keep=base)
    assert figure.get_supxlabel() == "top-1 percent"
    assert_legible(figure)


def test_series_are_told_apart_without_color(drawn):
    _, figure = drawn(GRID + "picture: bars\n")
    bars = dict(zip(*reversed(figure.axes[0].get_legend_handles_labels()), strict=True))
    assert len(bars) == 2 and len({bar.lines[0].get_marker() for bar in bars.values()}) == 2
    _, figure = drawn(NUMBERS.replace("RATES", RATES))
    looks = [(line.lines[0].get_marker(), line.lines[0].get_linestyle()) for line in figure.axes[0].containers]
    assert len(looks) == 2 and len(set(looks)) == 2


@pytest.mark.parametrize(
    ("rates", "scale"), [(RATES, "log"), ("[0.02, 0.04, 0.06]", "linear"), ("[x0.1, x1, x3]", "log")]
)
def test_lines_are_logarithmic_where_the_values_span_a_decade(drawn, rates, scale):
    _, figure = drawn(NUMBERS.replace("RATES", rates))
    assert {axis.get_xscale() for axis in figure.axes} == {scale} and len(figure.axes) == 2
    assert_legible(figure)


def test_lines_pass_through_means_and_name_the_values(drawn):
    report, figure = drawn(NUMBERS.replace("RATES", "[x0.1, x1, x3]"))
    line = figure.axes[0].containers[0].lines[0]
    chosen = [
        result.mean
        for result in report.results
        if result.cell.axes["model"] == "ViT-B/32" and result.cell.axes["transfer"] == "CIFAR-10"
    ]
    assert list(line.get_xdata()) == [0.1, 1, 3] and list(line.get_ydata()) == pytest.approx(chosen)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["×0.1", "×1", "×3"]


def test_values_too_close_for_their_names_keep_their_ticks(drawn):
    _, figure = drawn(NUMBERS.replace("RATES", RATES))
    names = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert names == ["0.0001", "", "0.001", "0.01", "0.1", "1"]


def test_many_lines_and_long_names_stay_legible(drawn):
    forms = "\n".join(f"    - {{label: the number {n} of the forms, finetune.dropout: {n / 100}}}" for n in range(9))
    text = NUMBERS.replace("RATES", "[0.1, 0.2]").replace("grid:\n", f"grid:\n  form:\n{forms}\n")
    _, figure = drawn(text.replace("columns: [", "columns: [form, "))
    handles = [container.lines[0] for container in figure.axes[0].containers]
    assert len({(line.get_marker(), line.get_linestyle()) for line in handles}) == 18
    assert_legible(figure)


def test_an_experiment_that_names_no_picture_gets_dots(tmp_path, monkeypatch):
    plan = planned_ablation(tmp_path, monkeypatch, "mine", GRID)
    assert picture(collect(plan, "mine")) == {}
    finish(plan, cell(plan, form="without", model="ViT-B/32", transfer="CIFAR-10").runs[0], 0.5)
    assert "without / mnist-5k (CIFAR-10) / ViT-B/32" in picture(collect(plan, "mine"))["svg"].decode()


def test_published_values_that_may_be_compared_are_hollow_signs_of_their_line(tmp_path, monkeypatch):
    figure4 = (ROOT / "experiments" / "figure4.yaml").read_text()
    assert "picture: data_size" in figure4 and "private: [JFT-300M]\n" in figure4
    text = figure4.replace("private: [JFT-300M]\n", "").replace("picture: data_size", "picture: lines")
    plan = planned_ablation(tmp_path, monkeypatch, "mine", text, scale="paper")
    for run in plan.runs:
        finish(plan, run, 0.5, metrics={"test_5shot_accuracy": 0.5, "held_out_accuracy": 0.5})
    report = collect(plan, "mine")
    (axis,) = DRAWN["lines"](report).axes
    solid = {bar.get_label(): bar.lines[0] for bar in axis.containers}
    hollow = [line for line in axis.get_lines() if line.get_label() == "the paper (hollow)"]
    assert [line.get_marker() for line in hollow] == [line.get_marker() for line in solid.values()]
    printed = [result.paper for result in report.results if result.cell.axes["name"] == "ViT-B/32"]
    assert list(hollow[0].get_ydata()) == printed and list(hollow[0].get_xdata()) == list(solid["ViT-B/32"].get_xdata())
