"""An experiment may name models, sets and epochs for one scale only; the paper's scale is asked about the same names."""

import pytest
import yaml

from vit.plan import make_plan
from vit.report.collect import collect
from vit.report.header import changed_settings, schedules

NAMES = {"model": ["ViT-L/16"], "pretrain": ["ImageNet-21k"], "transfer": ["CIFAR-10"], "epochs": [90]}
OTHERS = {"model": "ViT-B/16", "pretrain": "ImageNet", "transfer": "CIFAR-100", "epochs": 300}


@pytest.fixture
def report(experiments, tmp_path, monkeypatch):
    """report(grid, at): of an experiment with these names, nothing of which is finished."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))

    def make(grid, **at):
        experiment = {"title": "t", "grid": grid, "rows": ["transfer"], "columns": ["model"], "at": at}
        (experiments / "ablations" / "named.yaml").write_text(yaml.safe_dump(experiment))
        return collect(make_plan("mini", ["named"]), "named")

    return make


@pytest.mark.parametrize("named", [["model"], ["transfer"], ["pretrain", "epochs", "model"]], ids="-".join)
def test_a_name_for_one_scale_is_planned_and_compared_as_if_the_grid_had_it(report, named):
    others = {axis: [OTHERS[axis]] for axis in named}
    expected, found = report(NAMES | others), report(NAMES, mini=others)
    (cell,) = found.plan.cells
    assert {axis: cell.axes[axis] for axis in named} == {axis: OTHERS[axis] for axis in named}
    assert found.plan.runs.keys() == expected.plan.runs.keys()
    assert cell.schedule == expected.plan.cells[0].schedule and cell.schedule.keys() == {"pretrain", "finetune"}
    assert changed_settings(found) == changed_settings(expected) and schedules(found) == schedules(expected)


def test_a_value_for_one_scale_is_compared_with_the_recipes(report):
    (line,) = [
        line
        for line in changed_settings(report(NAMES | {"pretrain.lr": [0.5]}, mini={"pretrain.lr": [0.25]}))
        if line.startswith("pre-training")
    ]
    assert "lr 0.001 → 0.25" in line
