"""plan.json: training takes runs and configs from results/SCALE, whatever is edited under experiments/ meanwhile."""

import pytest
import yaml

from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.graph import write_graph
from vit.plan.stored import FACTS, read_plan
from vit.run import runner


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5"])
    write_graph(plan)
    return plan


def test_the_stored_plan_is_the_plan(plan):
    stored = read_plan("smoke")
    assert list(stored.runs) == list(plan.runs) and stored.runs_of("table5") == plan.runs_of("table5")
    for run in plan.runs.values():
        for fact in FACTS:
            expected = getattr(run, fact)
            assert getattr(stored.runs[run.id], fact) == (list(expected) if isinstance(expected, tuple) else expected)
    assert stored.runs[run.id].config == run.config


def test_a_run_plans_nothing_again_unless_its_config_is_gone(plan, tmp_path, monkeypatch):
    planned_again = []
    monkeypatch.setattr(runner, "make_plan", lambda scale: planned_again.append(scale) or plan)
    ids = list(plan.runs)[:3]
    assert set(ids) <= runner.planned("smoke", ids).runs.keys() and not planned_again
    config = tmp_path / "smoke" / "runs" / ids[1] / "config.yaml"
    config.unlink()
    runner.planned("smoke", ids)
    assert planned_again == ["smoke"] and yaml.safe_load(config.read_text()) == plan.runs[ids[1]].config


def test_a_removed_plan_is_written_again_by_the_same_command(plan, tmp_path):
    path = tmp_path / "smoke" / "plan.json"
    path.unlink()
    assert runner.planned("smoke", list(plan.runs)[:1]).runs and path.exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"runs": {"a": {}}}'])
def test_a_missing_or_damaged_plan_is_one_line_that_says_how_to_write_it(plan, tmp_path, content):
    path = tmp_path / "smoke" / "plan.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(UserError, match=r"plan\.json: missing.*plan --scale smoke --write"):
        read_plan("smoke")
