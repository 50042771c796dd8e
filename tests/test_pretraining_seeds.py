"""An experiment may ask for several pre-trainings: what is planned then, and which spread a ± shows."""

from statistics import stdev

import pytest
from report_runs import finish, planned_ablation

from vit.plan.graph import groups
from vit.report import frame, render
from vit.report.collect import collect
from vit.report.spread import by_pretraining, mean, pretraining_spread, repeats, spread, transfer_spread

TEXT = """
title: "Two pre-trainings"
grid:
  model: [ViT-B/32]
  pretrain: [{sets}]
  pretrain.seeds: [{trainings}]
  finetune.seeds: [2]
  transfer: [CIFAR-10]
rows: [pretrain]
columns: [transfer]
"""


def planned(folder, monkeypatch, trainings, sets="ImageNet"):
    return planned_ablation(folder, monkeypatch, "repeated", TEXT.format(trainings=trainings, sets=sets))


def test_each_pre_training_has_its_own_transfers_and_the_rate_is_chosen_once(tmp_path, monkeypatch):
    plan = planned(tmp_path, monkeypatch, 2)
    (cell,) = plan.cells
    first, second = (plan.runs[run] for run in cell.upstreams)
    assert [run.config["seed_everything"] for run in (first, second)] == [0, 1]
    assert [run.config["data"]["init_args"]["seed"] for run in (first, second)] == [0, 1]
    starts = [plan.runs[run].config["model"]["init_args"]["init"] for run in cell.runs]
    assert starts == [first.id, first.id, second.id, second.id]
    sweeps = {tuple(plan.runs[run].config["model"]["init_args"]["lr_from"]) for run in cell.runs}
    (swept,) = sweeps
    assert swept and all(plan.runs[run].config["model"]["init_args"]["init"] == first.id for run in swept)
    assert second.name == f"{first.name}-seed1" and "-fractals" in second.name


def test_the_first_pre_training_is_the_run_of_an_experiment_that_asks_for_one(tmp_path, monkeypatch):
    one = planned(tmp_path / "one", monkeypatch, 1)
    two = planned(tmp_path / "two", monkeypatch, 2)
    assert set(one.runs) < set(two.runs) and two.cells[0].runs[:2] == one.cells[0].runs


def test_no_two_processes_wait_for_each_other(tmp_path, monkeypatch):
    plan = planned(tmp_path, monkeypatch, 3)
    process = {run: number for number, group in enumerate(groups(plan)) for run in group}
    waits = {(process[run], process[need]) for run in process for need in plan.runs[run].needs}
    assert not {(one, other) for one, other in waits if one != other and (other, one) in waits}


def test_from_scratch_there_is_no_pre_training_to_repeat(tmp_path, monkeypatch):
    plan = planned(tmp_path, monkeypatch, 2, sets="none, ImageNet")
    scratch, trained = plan.cells
    assert (len(scratch.runs), len(trained.runs)) == (2, 4) and scratch.upstreams == ()


VALUES = {(0, 0): 80.0, (0, 1): 82.0, (1, 0): 90.0, (1, 1): 90.0, (2, 0): 85.0, (2, 1): 88.0}


def test_the_two_spreads_of_hand_made_values():
    assert repeats(VALUES) == {0: 81, 1: 90, 2: 86.5} and mean(VALUES) == pytest.approx(257.5 / 3)
    assert spread(VALUES) == pretraining_spread(VALUES) == pytest.approx(stdev([81, 90, 86.5]))
    assert transfer_spread(VALUES) == pytest.approx(((2 + 0 + 4.5) / 3) ** 0.5)  # variances 2, 0 and 4.5


def test_of_one_pre_training_the_seeds_of_the_transfer_are_the_spread():
    one = {key: value for key, value in VALUES.items() if key[0] == 0}
    assert spread(one) == transfer_spread(one) == pytest.approx(stdev([80, 82])) and pretraining_spread(one) is None
    assert repeats(one) == {0: 80, 1: 82} and list(by_pretraining(one)) == [0]


def test_a_single_run_has_no_spread():
    assert spread({(0, 0): 80.0}) is transfer_spread({(0, 0): 80.0}) is None and mean({}) is None


def test_a_pre_training_with_more_seeds_counts_no_more_than_another():
    assert mean({(0, 0): 80.0, (0, 1): 80.0, (1, 0): 90.0}) == 85


@pytest.fixture
def finished(tmp_path, monkeypatch):
    plan = planned(tmp_path, monkeypatch, 2, sets="none, ImageNet")
    for run, accuracy in zip(plan.cells[1].runs, (0.80, 0.82, 0.90, 0.90), strict=True):
        finish(plan, run, accuracy)
    for run, accuracy in zip(plan.cells[0].runs, (0.5, 0.6), strict=True):
        finish(plan, run, accuracy)
    return plan


def test_a_cell_shows_the_spread_between_pre_trainings(finished):
    result = collect(finished, "repeated").results[1]
    assert result.mean == pytest.approx(85.5) and result.std == pytest.approx(stdev([81, 90]))
    assert result.values == pytest.approx({(0, 0): 80, (0, 1): 82, (1, 0): 90, (1, 1): 90})


def test_the_table_says_which_the_plus_minus_is_and_how_large_both_are(finished):
    render(finished, "repeated")
    from vit.paths import results

    text = (results("smoke") / "repeated.md").read_text()
    assert (
        "± (from scratch): the sample standard deviation over 2 seeds, initialisation included; root mean square 7.07"
        in text
    )
    assert "± (several pre-trainings): the sample standard deviation over 2 pre-trainings" in text
    assert (
        "6.36 between pre-trainings, 1.00 between seeds of one pre-training" in text
    )  # 9 / sqrt(2); sqrt((2 + 0) / 2)
    lines = (results("smoke") / "repeated.csv").read_text().splitlines()
    columns, trained = lines[0].split(","), lines[2].split(",")
    assert float(trained[columns.index("std_pretraining")]) == pytest.approx(6.364, abs=1e-3)
    assert float(trained[columns.index("std_transfer")]) == pytest.approx(1)
    assert len(trained[columns.index("pretrain_run")].split(";")) == 2


def test_the_tidy_table_names_the_pre_training_of_each_seed(finished):
    table = frame("smoke", ["repeated"])
    trained = table[table["pretrain"] == "ImageNet"]
    assert trained["pretrain_seed"].tolist() == [0, 0, 1, 1] and trained["pretrain_run"].nunique() == 2
