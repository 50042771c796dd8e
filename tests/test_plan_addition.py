"""`make plan EXPERIMENT=x`: every run of x is finished, shared or new, and their costs are told apart."""

import json
import re

import pytest
from report_runs import finish

from vit.__main__ import main
from vit.atomic import write_text
from vit.plan import make_plan
from vit.plan.cost_file import costs_file


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
    with pytest.raises(SystemExit, match=r"no value for 'head_bias'.*loss: sigmoid.*ablations/gelu\.yaml"):
        main(["plan", "--scale", "smoke", "--experiment", "gelu"])
