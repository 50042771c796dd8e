"""Figure 12 and the speeds of Figure 13 as runs: which models at which sizes, at each scale, without any training."""

import csv

import pytest
from report_runs import planned_ablation

from vit.errors import UserError
from vit.paths import ROOT
from vit.plan import make_plan

FIGURE = """
title: "Speed"
grid:
  model: [ViT-B/16]
  pretrain: [none]
  transfer: [one image]
  transfer_with: [speed]
  metric: [images_per_second]
rows: [model]
columns: [metric]
"""


def measured(plan, name):
    """(model, image size) -> the run."""
    runs = [plan.runs[run] for run in plan.runs_of(name) if plan.runs[run].recipe == "speed"]
    return {(run.model, run.image_size): run for run in runs}


def test_at_the_papers_scale_it_is_what_the_paper_measured():
    with open(ROOT / "results" / "paper" / "fig12_tpuv3_speed_digitised.csv") as file:
        papers = {(row["model"], int(row["input_size_px"])) for row in csv.DictReader(file)}
    ours = measured(make_plan("paper", ["figure12"]), "figure12")
    assert {(model.replace("ResNet", "R"), size) for model, size in ours} == papers and len(ours) == 40


@pytest.mark.parametrize(
    ("scale", "count", "sizes"),
    [("smoke", 6, {32, 64}), ("mini", 15, {32, 64, 128}), ("small", 36, {64, 128, 224, 384, 512}), ("released", 0, set()), ("photos", 0, set())],
)  # fmt: skip
def test_other_scales_measure_their_models_and_train_nothing(scale, count, sizes):
    plan = make_plan(scale, ["figure12"])
    runs = measured(plan, "figure12")
    assert len(runs) == len(plan.runs) == count and {size for _, size in runs} == sizes
    assert all(run.images == 0 and not run.needs and not run.keeps_weights for run in runs.values())


@pytest.mark.parametrize("scale", ["smoke", "mini", "small", "paper"])
def test_figure_13_measures_at_the_size_of_the_pre_training_and_shares_the_runs_of_figure_12(scale):
    plan = make_plan(scale, ["figure12", "figure13"])
    speeds, figure12 = measured(plan, "figure13"), measured(plan, "figure12")
    trained = {run.image_size for run in plan.runs.values() if run.pretrains} or {
        64
    }  # small has no set for its few shots
    assert {size for _, size in speeds} == trained
    assert all(figure12[key] is run for key, run in speeds.items() if key in figure12)
    assert any(key in figure12 for key in speeds)


@pytest.mark.parametrize(
    ("text", "instead", "words"),
    [
        ("metric: [images_per_second]", "metric: [images_per_secnd]", ["metric of Speed", "'images_per_second'"]),
        ("metric: [images_per_second]", "metric: [test_accuracy]", ["metric of Speed", "test_accuracy"]),
        ("transfer_with: [speed]", "transfer_with: [inspect]", ["metric of Inspect", "images_per_second"]),
        ("rows:", "  speed.batch_sizes: [[]]\nrows:", ["speed.batch_sizes", "list of different whole numbers"]),
        ("rows:", "  speed.memory_share: [50]\nrows:", ["speed.memory_share", "50", "above 0 to 1"]),
        ("rows:", "  speed.repetitions: [0]\nrows:", ["speed.repetitions", "above 0"]),
        ("rows:", "picture: speed\nrows:", ["picture", "speed needs the axis speed.image_size"]),
    ],
)
def test_a_slip_is_one_line(tmp_path, monkeypatch, text, instead, words):
    assert FIGURE.count(text) == 1
    with pytest.raises(UserError) as error:
        planned_ablation(tmp_path, monkeypatch, "timing", FIGURE.replace(text, instead))
    assert "\n" not in str(error.value) and all(word in str(error.value) for word in words), error.value


def test_weights_are_refused_since_none_are_read(tmp_path, monkeypatch):
    text = FIGURE.replace("pretrain: [none]", "pretrain: [ImageNet-21k]\n  epochs: [90]")
    with pytest.raises(UserError, match=r"recipes/speed\.yaml: vit\.tasks\.Speed cannot start from weights"):
        planned_ablation(tmp_path, monkeypatch, "timing", text)
