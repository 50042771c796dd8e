"""docs/experiments.md, "Your own classes", to the letter: a model, a task and a data set beside the YAML, planned, hashed by
source and trained like ours."""

import json
import re
import sys

import pytest
import yaml

from vit import paths
from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.graph import write_graph
from vit.run.progress import Progress
from vit.run.runner import run_one


def shown(name):
    """The code block of docs/experiments.md between a marker and the next end."""
    page = (paths.ROOT / "docs" / "experiments.md").read_text()
    return re.search(rf"<!-- {name}: run by a test -->\n```\w+\n(.*?)```\n<!-- end -->", page, re.S)[1]


MODEL, TASK, DATA = (shown(f"own {name}") for name in ("model", "task", "data"))


@pytest.fixture
def own(experiments, tmp_path, monkeypatch):
    """A copy of experiments/ with three files of somebody's own beside the YAML."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(experiments / "ablations")])
    for name, text in (("own_model", MODEL), ("own_task", TASK), ("own_data", DATA)):
        (experiments / "ablations" / f"{name}.py").write_text(text)
    (experiments / "ablations" / "mine.yaml").write_text(shown("own experiment"))
    recipe = yaml.safe_load((experiments / "recipes" / "finetune.yaml").read_text())
    recipe |= yaml.safe_load(shown("own recipe"))
    recipe |= {"steps": 6, "warmup_steps": 1, "lr": 0.1, "held_out": 0.1, "seeds": 1, "batch_size": 10, "image_size": 8}
    recipe |= {"augment": [], "resize": "once", "rows": [{}]}
    (experiments / "recipes" / "own.yaml").write_text(yaml.safe_dump(recipe))
    scale = yaml.safe_load((experiments / "scales" / "smoke.yaml").read_text())
    scale["transfer"] |= yaml.safe_load(shown("own entry"))
    (experiments / "scales" / "smoke.yaml").write_text(yaml.safe_dump(scale))
    yield experiments
    for name in ("own_model", "own_task", "own_data"):
        sys.modules.pop(name, None)


def test_they_are_trained_and_a_change_of_their_source_makes_new_runs(own, tmp_path):
    plan = make_plan("smoke", ["mine"])
    write_graph(plan)
    (mine, ours) = (cell for cell in plan.cells)
    folder, progress = tmp_path / "results" / "smoke" / "runs", Progress(plan, ["mine"], 1, 0)
    for run in (mine.upstream, *mine.runs):
        assert run_one(plan.runs[run], folder / run, progress)
    record = json.loads((folder / mine.runs[0] / "metrics.json").read_text())
    assert record["metrics"]["test_images"] == 60
    final = plan.runs[mine.runs[0]].config["model"]
    assert (final["class_path"], final["init_args"]["temperature"]) == ("own_task.OwnFinetune", 2.0)

    (own / "ablations" / "own_model.py").write_text(MODEL.replace("2 *", "3 *"))
    changed = make_plan("smoke", ["mine"])
    assert changed.cells[0].upstream != mine.upstream and changed.cells[1].upstream == ours.upstream
    (own / "ablations" / "own_data.py").write_text(DATA + "\n# another version\n")
    again = make_plan("smoke", ["mine"])
    assert again.cells[1].upstream == ours.upstream and again.cells[1].runs != ours.runs


def test_sizes_and_rows_are_those_of_the_model_behind_the_at_sign(own):
    plan = make_plan("smoke", ["mine"])
    mine, ours = (plan.runs[cell.upstream].config["model"]["init_args"] for cell in plan.cells)
    assert mine.pop("model") == "own_model.OwnViT@ViT-B/16" and ours.pop("model") == "ViT-B/16"
    assert mine == ours


def test_a_class_without_a_file_is_named_with_where_it_may_lie(own):
    (own / "ablations" / "own_model.py").unlink()
    with pytest.raises(UserError, match=r"own_model\.OwnViT: no file own_model\.py in experiments/ablations"):
        make_plan("smoke", ["mine"])
