"""By which measure on held-out images a learning rate is chosen, and one of several recipes: one rule for both."""

import json

import pytest
from report_runs import finish, planned_ablation

from vit.errors import UserError
from vit.paths import runs_folder
from vit.plan.cells import Cell
from vit.record import MEASURES, held_out_score
from vit.report.frame import chosen
from vit.tasks.selection import best_learning_rate

POINTS = {  # rate -> what its run measured on held-out images
    0.1: {"accuracy": 0.9, "class_mean_accuracy": 0.2, "mean_average_precision": 0.3, "loss": 0.8},
    0.2: {"accuracy": 0.8, "class_mean_accuracy": 0.4, "mean_average_precision": 0.2, "loss": 0.1},
    0.3: {"accuracy": 0.7, "class_mean_accuracy": 0.3, "mean_average_precision": 0.4, "loss": 0.7},
}
BEST = {"accuracy": 0.1, "class_mean_accuracy": 0.2, "mean_average_precision": 0.3, "loss": 0.2}

TEXT = """
title: "By which measure"
grid:
  finetune.select_by: [accuracy, loss]
  model: [ViT-B/16]
  pretrain: [none]
  transfer: [CIFAR-100]
rows: [transfer]
columns: [finetune.select_by]
"""


def held_out(values):
    return {f"held_out_{name}": value for name, value in values.items()}


@pytest.fixture
def ablation(tmp_path, monkeypatch):
    return planned_ablation(tmp_path, monkeypatch, "measures", TEXT)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_best_rate_by_each_measure(ablation, measure):
    folders = []
    for run, (rate, values) in zip(ablation.runs, POINTS.items(), strict=False):
        finish(ablation, run, 0.0, metrics=held_out(values), lr=rate)
        folders.append(runs_folder("smoke") / run)
    assert best_learning_rate(folders, measure) == BEST[measure]


@pytest.mark.parametrize("measure", MEASURES)
def test_the_best_recipe_is_chosen_by_the_same_measure(measure):
    runs = {str(rate): {"metrics": held_out(values)} for rate, values in POINTS.items()}
    choices = tuple(((run,), (f"seed of {run}",)) for run in runs)
    cell = Cell("e", {}, (), choices=choices, select_by=measure)
    assert chosen(cell, runs) == (f"seed of {BEST[measure]}",)


def test_a_run_that_diverged_is_never_chosen_even_by_its_loss():
    lost = {"id": "lost", "metrics": {"held_out_accuracy": 0.0, "diverged_at_step": 3}}
    assert held_out_score(lost, "loss") == -float("inf")
    cell = Cell("e", {}, (), choices=((("lost",), ("a",)), (("kept",), ("b",))), select_by="loss")
    assert chosen(cell, {"lost": lost, "kept": {"metrics": {"held_out_loss": 9.0}}}) == ("b",)


def test_a_run_without_the_measure_is_one_line():
    record = {"id": "old", "metrics": {"held_out_accuracy": 0.5}}
    with pytest.raises(UserError, match=r"old.*held_out_class_mean_accuracy.*measured held_out_accuracy"):
        held_out_score(record, "class_mean_accuracy")


def test_the_points_of_a_sweep_are_shared_and_the_measure_is_in_the_runs_that_choose(ablation):
    by_accuracy, by_loss = ablation.cells
    assert (by_accuracy.select_by, by_loss.select_by) == ("accuracy", "loss")
    started = [[ablation.runs[run].config["model"]["init_args"] for run in cell.runs] for cell in ablation.cells]
    assert {tuple(values["lr_from"]) for values in started[0]} == {tuple(values["lr_from"]) for values in started[1]}
    assert all("select_by" not in values for values in started[0])
    assert all(values["select_by"] == "loss" for values in started[1])
    sweep = started[0][0]["lr_from"]
    assert len(ablation.runs) == len(sweep) + len(by_accuracy.runs) + len(by_loss.runs)
    assert "select_by" not in json.dumps([ablation.runs[run].config for run in sweep])
