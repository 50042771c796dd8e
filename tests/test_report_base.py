"""An experiment with a base: every other cell says how far it is from it, in all four outputs; without one nothing changes."""

import csv
import re

import pytest
from report_runs import cell, finish, finish_all, planned_ablation

from vit.errors import UserError
from vit.paths import results
from vit.plan import make_plan
from vit.plan.resolve import load_experiment
from vit.report import render
from vit.report.collect import collect

ABLATION = """
title: "Dropout at fine-tuning"
grid:
  dropout:
    - {label: none at all, finetune.dropout: 0.0}
    - {label: a tenth, finetune.dropout: 0.1}
  model: [ViT-B/32, ViT-B/16]
  pretrain: [none]
  transfer: [CIFAR-10, CIFAR-100]
rows: [transfer, dropout]
columns: [model]
"""
BASE = "base: {dropout: none at all}\n"


@pytest.fixture
def dropout(tmp_path, monkeypatch):
    """Both seeds of two cells: with dropout 0.5 and 0.1 points better; one seed of a third, without its base."""
    plan = planned_ablation(tmp_path, monkeypatch, "dropout", ABLATION + BASE)
    chosen = {"model": "ViT-B/16", "transfer": "CIFAR-10"}
    for name, accuracies in (("none at all", (0.8, 0.82)), ("a tenth", (0.805, 0.821))):
        for run, accuracy in zip(cell(plan, dropout=name, **chosen).runs, accuracies, strict=True):
            finish(plan, run, accuracy)
    finish(plan, cell(plan, dropout="a tenth", model="ViT-B/32", transfer="CIFAR-100").runs[0], 0.5)
    return plan


def test_the_difference_stands_in_all_four_outputs(dropout):
    """Differences 0.5 and 0.1 over two seeds: 0.3 ± 12.706 * 0.2828 / sqrt(2) = 0.3 ± 2.541."""
    shown = render(dropout, "dropout")
    folder = results("smoke")
    assert "to base +0.30 [-2.24, +2.84]" in shown
    markdown = (folder / "dropout.md").read_text()
    assert "**81.30 ±1.13**<br><sub>to base +0.30 [-2.24, +2.84] · NO PAPER VALUE</sub>" in markdown
    assert "**81.00 ±1.41**<br><sub>base · NO PAPER VALUE</sub>" in markdown
    assert "<small>to base +0.30 [-2.24, +2.84]</small>" in (folder / "index.html").read_text()
    for text in (shown, markdown, (folder / "index.html").read_text()):
        assert "the base is dropout none at all" in text and "paired t: " in text and "Welch" not in text
    table = list(csv.DictReader((folder / "dropout.csv").read_text().splitlines()))
    numbers = {tuple(row[f"base_{name}"] for name in ("difference", "low", "high", "interval")) for row in table}
    assert numbers == {("0.3000", "-2.2412", "2.8412", "paired t"), ("", "", "", "base"), ("", "", "", "")}


def test_a_cell_whose_base_is_not_finished_has_no_difference(dropout):
    render(dropout, "dropout")
    assert "**50.00 (n=1 of 2)**<br><sub>NO PAPER VALUE</sub>" in (results("smoke") / "dropout.md").read_text()


def test_one_seed_gives_a_difference_and_says_that_it_has_no_interval(dropout):
    finish(dropout, cell(dropout, dropout="none at all", model="ViT-B/32", transfer="CIFAR-100").runs[0], 0.6)
    render(dropout, "dropout")
    text = (results("smoke") / "dropout.md").read_text()
    assert (
        "to base -10.00 (no interval)" in text
        and "no interval: one of the two cells has a single finished seed" in text
    )


def test_other_finished_seeds_than_those_of_the_base_are_told(tmp_path, monkeypatch):
    plan = planned_ablation(tmp_path, monkeypatch, "dropout", ABLATION + BASE, scale="paper")
    chosen = {"model": "ViT-B/16", "transfer": "CIFAR-10"}
    for name, accuracies in (("none at all", (0.8, 0.82)), ("a tenth", (0.805, 0.821, 0.83))):
        for run, accuracy in zip(cell(plan, dropout=name, **chosen).runs, accuracies, strict=False):
            finish(plan, run, accuracy)
    (found,) = [result.to_base for result in collect(plan, "dropout").results if result.to_base]
    assert found.method == "Welch's t" and found.mean == pytest.approx((80.5 + 82.1 + 83) / 3 - 81)
    assert "Welch's t: where the finished seeds of the two cells are not the same" in render(plan, "dropout")


def test_seeds_that_start_from_one_pre_training_are_told(tmp_path, monkeypatch):
    for pretrain, told in (("none", False), ("ImageNet", True)):
        text = ABLATION.replace("pretrain: [none]", f"pretrain: [{pretrain}]") + BASE
        plan = planned_ablation(tmp_path / pretrain, monkeypatch, "dropout", text)
        finish_all(plan, lambda run: 0.5)
        assert ("a cell has one pre-training" in render(plan, "dropout")) == told


def test_a_mean_over_sets_is_compared_with_the_mean_of_the_base_seed_by_seed(tmp_path, monkeypatch):
    means = "means: {transfer: {Both: [CIFAR-10, CIFAR-100]}}\n"
    plan = planned_ablation(tmp_path, monkeypatch, "dropout", ABLATION + BASE + means)
    accuracies = {  # by dropout and set, seed 0 and seed 1: the means are 0.7, 0.8 and 0.71, 0.83
        ("none at all", "CIFAR-10"): (0.6, 0.7),
        ("none at all", "CIFAR-100"): (0.8, 0.9),
        ("a tenth", "CIFAR-10"): (0.61, 0.74),
        ("a tenth", "CIFAR-100"): (0.81, 0.92),
    }
    for (name, transfer), values in accuracies.items():
        chosen = cell(plan, dropout=name, transfer=transfer, model="ViT-B/16")
        for run, accuracy in zip(chosen.runs, values, strict=True):
            finish(plan, run, accuracy)
    (found,) = [mean.to_base for mean in collect(plan, "dropout").means if mean.to_base]
    assert found.mean == pytest.approx(2) and found.half == pytest.approx(12.7062 * 1.4142 / 1.4142, abs=1e-3)


def test_without_a_base_there_is_no_trace_of_one(tmp_path, monkeypatch):
    plan = planned_ablation(tmp_path, monkeypatch, "dropout", ABLATION)
    finish_all(plan, lambda run: 0.5)
    render(plan, "dropout")
    for ending in ("md", "csv"):
        found = re.findall(r".*(?:\bbase\b|base_).*", (results("smoke") / f"dropout.{ending}").read_text())
        assert not found


def test_what_is_compared_and_drawn_is_in_no_run(tmp_path, monkeypatch):
    runs = planned_ablation(tmp_path, monkeypatch, "dropout", ABLATION).runs
    assert (
        planned_ablation(tmp_path, monkeypatch, "dropout", f"{ABLATION}{BASE}picture: bars\n").runs.keys()
        == runs.keys()
    )


MISTAKES = {
    "base: {dropuot: a tenth}": r"dropout\.yaml: base: unknown key 'dropuot', did you mean 'dropout'",
    "base: {pretrain: none}": r"dropout\.yaml: base: unknown key 'pretrain'",  # names neither rows nor columns
    "base: {dropout: a tehnt}": r"dropout\.yaml: base\.dropout: unknown key 'a tehnt', did you mean 'a tenth'",
    "base: a tenth": r"dropout\.yaml: base: a mapping",
    "picture: bras": r"dropout\.yaml: picture: unknown key 'bras', did you mean 'bars'",
    "picture: lines": r"dropout\.yaml: picture: lines need an axis",
    "picture: scaling": r"dropout\.yaml: picture: scaling needs the cost",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes_are_named_before_anything_runs(tmp_path, monkeypatch, line):
    with pytest.raises(UserError, match=MISTAKES[line]):
        planned_ablation(tmp_path, monkeypatch, "dropout", f"{ABLATION}{line}\n")


def test_a_base_may_be_a_multiple_or_a_value_of_one_scale(tmp_path, monkeypatch):
    varied = ABLATION.replace("  dropout:\n", "  finetune.lr: [x1, x3]\n  dropout:\n").replace(
        "rows: [", "rows: [finetune.lr, "
    )
    planned_ablation(tmp_path, monkeypatch, "dropout", varied + "base: {finetune.lr: x1}\n")
    planned_ablation(
        tmp_path, monkeypatch, "dropout", varied + "base: {finetune.lr: 0.5}\nat: {smoke: {finetune.lr: [0.5, 1.0]}}\n"
    )
    assert load_experiment("dropout").base == {"finetune.lr": 0.5} and make_plan("smoke", ["dropout"]).cells
