"""An experiment that is not in the paper is rendered by the same code: labels, dots, and axes that rows or columns must name."""

import shutil

import pytest
from report_runs import finish_all

from vit import paths
from vit.errors import UserError
from vit.paths import results
from vit.plan import make_plan
from vit.report import render
from vit.report.frame import frame

ABLATION = """
title: "Dropout at fine-tuning"
grid:
  dropout:
    - {label: without, finetune.dropout: 0.0}
    - {label: a tenth, finetune.dropout: 0.1}
  model: [ViT-B/32, ViT-B/16]
  pretrain: [none]
  transfer: [CIFAR-10]
rows: [dropout]
columns: COLUMNS
"""


@pytest.fixture
def ablation(tmp_path, monkeypatch):
    """The experiments and an ablation beside them, all of its runs finished at scale smoke."""

    def make(columns):
        monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "results"))
        monkeypatch.setattr(paths, "EXPERIMENTS", tmp_path / "experiments")
        shutil.copytree(paths.ROOT / "experiments", tmp_path / "experiments")
        (tmp_path / "experiments" / "ablations").mkdir(exist_ok=True)
        (tmp_path / "experiments" / "ablations" / "dropout.yaml").write_text(ABLATION.replace("COLUMNS", columns))
        plan = make_plan("smoke", ["dropout"])
        finish_all(plan, lambda run: 0.5)
        return plan

    return make


def test_rows_columns_and_picture(ablation):
    render(ablation("[model]"), "dropout")
    text = (results("smoke") / "dropout.md").read_text()
    assert "| dropout | ViT-B/32 | ViT-B/16 |" in text
    assert "| a tenth | **50.00 ±0.00**<br><sub>NO PAPER VALUE</sub> |" in text
    picture = (results("smoke") / "dropout.svg").read_text()
    assert "a tenth / ViT-B/16" in picture and "the paper" not in picture


def test_two_results_in_the_same_cell_are_an_error_that_names_the_axis(ablation):
    with pytest.raises(UserError, match=r"dropout\.yaml: rows and columns .*'model'"):
        render(ablation("[transfer]"), "dropout")


def test_a_mean_under_the_name_of_a_column_is_an_error_that_names_the_cell(ablation):
    with pytest.raises(UserError, match=r"dropout\.yaml: without / ViT-B/32 "):
        render(ablation("[model]\nmeans: {model: {ViT-B/32: [ViT-B/32, ViT-B/16]}}"), "dropout")


FOLDS = """
title: "Folds"
grid: {finetune.split_seed: [0, 1, 2], model: [ViT-B/32], pretrain: [none], transfer: [CIFAR-10]}
rows: [finetune.split_seed]
columns: [model]
means: {finetune.split_seed: {mean: [0, 1, 2]}}
"""


def test_the_mean_over_folds_is_a_row(ablation):
    ablation("[model]")
    (paths.EXPERIMENTS / "ablations" / "folds.yaml").write_text(FOLDS)
    plan = make_plan("smoke", ["folds"])
    folds = {run: cell.axes["finetune.split_seed"] for cell in plan.cells for run in cell.runs}
    finish_all(plan, lambda run: 0.5 + 0.1 * folds.get(run, 0))
    render(plan, "folds")
    text = (results("smoke") / "folds.md").read_text()
    for fold, accuracy in ((0, "50.00"), (1, "60.00"), (2, "70.00"), ("mean", "60.00")):
        assert f"| {fold} | **{accuracy}" in text


def test_only_without_pre_training_is_from_scratch(ablation, tmp_path):
    """'none' of another axis is what the experiment calls one of its values."""
    plan = ablation("[model]")
    path = tmp_path / "experiments" / "ablations" / "dropout.yaml"
    path.write_text(
        path.read_text().replace("label: without", "label: none").replace("[dropout]", "[dropout, pretrain]")
    )
    plan = make_plan("smoke", ["dropout"])
    finish_all(plan, lambda run: 0.5)
    render(plan, "dropout")
    table, sheet, picture = ((results("smoke") / f"dropout.{ending}").read_text() for ending in ("md", "csv", "svg"))
    assert "| none | from scratch | **50.00" in table
    assert "dropout,none,0.0,ViT-B/32,from scratch,CIFAR-10," in sheet
    assert "none / from scratch / ViT-B/32" in picture
    assert frame("smoke", ["dropout"])[["dropout", "pretrain"]].iloc[0].to_list() == ["none", "from scratch"]
    assert (results("smoke") / "cells" / "dropout" / "none_from-scratch_ViT-B-32").is_dir()
