"""TensorBoard curves: mean, min and max over the seeds of a cell, rewritten only when runs have finished since."""

import pytest
from report_runs import cell, finish
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.paths import results, runs_folder
from vit.plan import make_plan
from vit.report.document import document, read_report
from vit.report.tensorboard import write_board
from vit.report.tensorboard.curves import read_scalars

CELL = "from-scratch_CIFAR-10_ViT-B-16"


@pytest.fixture
def two_seeds(tmp_path, monkeypatch):
    """A plan and a cell of it with two finished seeds, 40% and 60%."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5"])
    chosen = cell(plan, model="ViT-B/16", pretrain="none", transfer="CIFAR-10")
    for run, accuracy in zip(chosen.runs, (0.4, 0.6), strict=True):
        finish(plan, run, accuracy)
    return plan, chosen


def render(plan):
    report = read_report(plan, "table5")
    write_board(report, document(report), None)


def curve(kind, tag):
    events = EventAccumulator(str(results("smoke") / "cells" / "table5" / CELL / kind)).Reload()
    return [(event.step, round(event.value, 4)) for event in events.Scalars(tag)]


def test_mean_min_and_max_over_the_seeds(two_seeds):
    render(two_seeds[0])
    assert curve("mean", "train_loss") == [(9, 1.0), (19, 0.5)]
    assert curve("min", "train_loss") == [(9, 0.8), (19, 0.4)]
    assert curve("max", "train_loss") == [(9, 1.2), (19, 0.6)]
    assert curve("mean", "test_accuracy") == [(20, 0.5)]


def test_only_a_cell_with_a_new_finished_run_is_rewritten(two_seeds):
    plan = two_seeds[0]
    other = cell(plan, model="ViT-B/32", pretrain="none", transfer="CIFAR-10")
    finish(plan, other.runs[0], 0.5)
    render(plan)
    markers = [results("smoke") / "cells" / "table5" / name / "marker" for name in (CELL, CELL.replace("16", "32"))]
    for marker in markers:
        marker.write_text("")
    render(plan)
    assert [marker.exists() for marker in markers] == [True, True]
    finish(plan, other.runs[1], 0.5)
    render(plan)
    assert [marker.exists() for marker in markers] == [True, False]


def test_a_seed_without_its_log_has_no_curve_and_one_seed_has_no_minimum(two_seeds):
    plan, chosen = two_seeds
    (runs_folder("smoke") / chosen.runs[0] / "metrics.csv").unlink()
    render(plan)
    assert curve("mean", "test_accuracy") == [(20, 0.6)]
    assert [path.name for path in (results("smoke") / "cells" / "table5" / CELL).iterdir() if path.is_dir()] == ["mean"]


def test_a_cell_without_any_log_keeps_its_numbers(two_seeds):
    plan, chosen = two_seeds
    for run in chosen.runs:
        (runs_folder("smoke") / run / "metrics.csv").unlink()
    render(plan)
    assert curve(".", "table/ours") == [(0, 50.0)]
    assert not (results("smoke") / "cells" / "table5" / CELL / "mean").exists()


def test_empty_cells_of_a_log_and_values_that_are_no_numbers_are_no_points(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,step,train_loss,lr\n0,9,nan,0.1\n0,19,,0.2\n1,20,0.5,\n")
    assert read_scalars(tmp_path) == [(9, "lr", 0.1), (19, "lr", 0.2), (20, "train_loss", 0.5)]
