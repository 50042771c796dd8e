"""TensorBoard curves: mean, min and max over the seeds of a cell, rewritten only when runs have finished since."""

import pytest
from report_runs import cell, finish
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.paths import results, runs_folder
from vit.plan import make_plan
from vit.report.collect import collect
from vit.report.tensorboard import write_curves


@pytest.fixture
def two_seeds(tmp_path, monkeypatch):
    """A plan and a cell of it with two finished seeds, 40% and 60%."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5"])
    chosen = cell(plan, model="ViT-B/16", pretrain="none", transfer="CIFAR-10")
    for run, accuracy in zip(chosen.runs, (0.4, 0.6), strict=True):
        finish(plan, run, accuracy)
    return plan, chosen


def curve(kind, tag):
    events = EventAccumulator(
        str(results("smoke") / "cells" / "table5" / "from-scratch_CIFAR-10_ViT-B-16" / kind)
    ).Reload()
    return [(event.step, round(event.value, 4)) for event in events.Scalars(tag)]


def test_mean_min_and_max_over_the_seeds(two_seeds):
    write_curves(collect(two_seeds[0], "table5"))
    assert curve("mean", "train_loss") == [(9, 1.0), (19, 0.5)]
    assert curve("min", "train_loss") == [(9, 0.8), (19, 0.4)]
    assert curve("max", "train_loss") == [(9, 1.2), (19, 0.6)]
    assert curve("mean", "test_accuracy") == [(20, 0.5)]


def test_only_a_new_finished_run_rewrites_them(two_seeds):
    plan, _ = two_seeds
    write_curves(collect(plan, "table5"))
    marker = results("smoke") / "cells" / "table5" / "marker"
    marker.write_text("")
    write_curves(collect(plan, "table5"))
    assert marker.exists()
    finish(plan, cell(plan, model="ViT-B/32", pretrain="none", transfer="CIFAR-10").runs[0], 0.5)
    write_curves(collect(plan, "table5"))
    assert not marker.exists()


def test_a_result_without_its_log_has_no_curve(two_seeds):
    plan, chosen = two_seeds
    (runs_folder("smoke") / chosen.runs[0] / "metrics.csv").unlink()
    write_curves(collect(plan, "table5"))
    assert curve("mean", "test_accuracy") == [(20, 0.6)]
