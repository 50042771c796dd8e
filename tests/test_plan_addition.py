"""`make plan EXPERIMENT=x`: every run of x is finished, shared or new, and their costs are told apart."""

import json
import re

import pytest
from report_runs import finish

from vit.__main__ import main
from vit.atomic import write_text
from vit.plan import make_plan
from vit.plan.cost_file import costs_file
from vit.plan.time_needed import measured_speed, seconds_needed


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke")
    models = {key: {"flops": 1e6, "parameters": 1_000_000} for key in {run.cost_key for run in plan.runs.values()}}
    write_text(costs_file("smoke"), json.dumps({"code": "test", "models": models}))
    return plan


def printed(capsys, experiment):
    """label -> columns of the table, and the lines below it."""
    main(["plan", "--scale", "smoke", "--experiment", experiment, "--jobs", "2"])
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == [experiment, "runs"]
    rows = [re.split(r"  +", line) for line in lines]
    return {row[0]: row[1:] for row in rows if len(row) > 3}, [row[0] for row in rows if len(row) == 1]


def test_the_tanh_half_of_gelu_is_shared_with_table5_and_the_exact_half_is_new(plan, capsys):
    """Two models, two sets; each form: a pre-training a model, and two rates and two seeds for each set."""
    rows, foot = printed(capsys, "gelu")
    half = 2 * (1 + 2 * (2 + 2))
    assert [row[:2] for row in rows.values()] == [["0", "0"], [str(half), "2"], [str(half), "2"], [str(2 * half), "4"]]
    assert list(rows) == ["finished", "missing, shared with others", "missing, new", "to be trained"]
    assert foot[0].startswith(f"of its {2 * half} runs it shares ") and f"{half} with table5" in foot[0]
    new = [plan.runs[run] for run in plan.runs_of("gelu") if "gelu-erf" in run]
    images = sum(run.images for run in new)
    assert rows["missing, new"][2:4] == [f"{images:,}", f"{3 * 1e6 * images:.2e}"]
    kept = sum(run.keeps_weights for run in new)
    assert rows["missing, new"][5] == f"{4e6 * kept / 1e9:.2g} GB"


def test_finished_runs_are_told_apart_and_not_counted_again(plan, capsys):
    shared, new = (
        next(run for run in plan.runs_of("gelu") if word in run and "-lr" in run) for word in ("16-frac", "erf")
    )
    for run in (shared, new):
        finish(plan, run, 0.5)
    rows, _ = printed(capsys, "gelu")
    assert [row[0] for row in rows.values()] == ["2", "17", "17", "34"]
    assert "18 with table5" in printed(capsys, "gelu")[1][0]


def test_an_experiment_that_there_is_not_is_one_line(plan):
    with pytest.raises(SystemExit, match="'gelo', did you mean 'gelu'"):
        main(["plan", "--scale", "smoke", "--experiment", "gelo"])


def test_the_file_is_named_where_a_recipe_finds_the_mistake(experiments):
    file = experiments / "ablations" / "gelu.yaml"
    file.write_text(file.read_text().replace("  model: [", "  finetune.loss: [softmax, sigmoid]\n  model: ["))
    with pytest.raises(SystemExit, match=r"ablations/gelu\.yaml: no value for 'head_bias'.*loss: sigmoid"):
        main(["plan", "--scale", "smoke", "--experiment", "gelu"])


def test_the_time_counts_flops_starts_of_processes_and_a_second_a_run(plan, capsys):
    """The new half of gelu: two pre-trainings and what starts from them. At smoke all of it is in one process."""
    rows, foot = printed(capsys, "gelu")
    new = [plan.runs[run] for run in plan.runs_of("gelu") if "gelu-erf" in run]
    seconds = 3 * 1e6 * sum(run.images for run in new) / 3e9 + 18 * 1 + 1 * 9
    assert 27 < seconds < 30 and rows["missing, new"][4] == f"{seconds:.0f} s"  # the second job has nothing to do
    assert rows["finished"][4] == "-"
    assert "3e+09 FLOP/s each (assumed); 9 s to start a process and 1 s a run" in foot[1]


def test_processes_run_side_by_side():
    """2e9 FLOP at 1e9 FLOP/s, 4 runs of 1 s, 3 starts of 9 s: 33 s, on two or on three at a time, never on more than there are."""
    needed = [seconds_needed(2e9, 1e9, runs=4, processes=3, jobs=jobs) for jobs in (1, 2, 3, 8)]
    assert needed == [33, 16.5, 11, 11]
    assert seconds_needed(0, 1e9, runs=0, processes=0, jobs=2) == 0


def test_speed_is_measured_without_the_overhead():
    assert measured_speed(8e9, seconds=10, runs=2) == 1e9
    assert measured_speed(8e9, seconds=2, runs=2) is None and measured_speed(0, seconds=0, runs=0) is None
    assert measured_speed(0, seconds=10, runs=2) is None  # evaluations only
