"""The README of the authors' repository: its numbers beside ours from the same checkpoints, at scale `released` only."""

import csv

import pytest
from report_runs import finish_all

from vit.paths import EXPERIMENTS, PAPER
from vit.plan import make_plan
from vit.report import render
from vit.report.collect import collect

NAME = "readme_replication"


def test_every_number_of_the_readme_has_its_cell():
    with open(PAPER / "extra_readme_replication.csv", newline="") as file:
        printed = {
            (row["model"], row["dataset"], row["finetune_dropout"]): float(row["top1_percent"])
            for row in csv.DictReader(file)
        }
    sets = {"CIFAR-10": "cifar10", "CIFAR-100": "cifar100", "ImageNet": "imagenet2012"}
    results = collect(make_plan("released", [NAME]), NAME).results
    ours = {
        (result.cell.axes["model"].replace("/", "_"), sets[result.cell.axes["transfer"]], str(result.cell.axes["dropout"])): result.paper
        for result in results
    }  # fmt: skip
    assert ours == printed and len(ours) == 30


def test_a_cell_starts_from_the_released_file_with_its_dropout_and_the_authors_settings():
    plan = make_plan("released", [NAME])
    for cell in plan.cells:
        assert len(cell.runs) == 3
        for config in (plan.runs[run].config for run in cell.runs):
            arguments = config["model"]["init_args"]
            assert arguments["init"] == f"released:{cell.axes['model']}@imagenet21k"
            assert arguments["dropout"] == cell.axes["dropout"] and arguments["momentum_dtype"] == "bfloat16"


@pytest.mark.parametrize("scale", sorted(path.stem for path in (EXPERIMENTS / "scales").glob("*.yaml")))
def test_nothing_stands_in_for_released_checkpoints(scale):
    assert bool(make_plan(scale, [NAME]).runs) == (scale == "released")


def test_its_numbers_are_not_called_the_papers(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("released", [NAME])
    finish_all(plan, lambda run: 0.9)
    render(plan, NAME)
    text = (tmp_path / "released" / f"{NAME}.md").read_text()
    assert "README 98.88 · -8.88 · OFF" in text and "then the README's value" in text
    assert "paper 98.88" not in text and "schedule as the README" in text
