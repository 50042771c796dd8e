"""An experiment may run at some scales only, and a scale may be like another."""

from dataclasses import replace

import pytest

from vit import paths
from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.resolve import load_scale


@pytest.mark.parametrize(("scale", "runs"), [("desk", True), ("mini", False), ("smoke", False), ("paper", False)])
def test_what_is_asked_of_the_desk_runs_there_only(scale, runs):
    plan = make_plan(scale, ["why_mini", "why_finetune"])
    assert bool(plan.runs_of("why_mini")) == bool(plan.runs_of("why_finetune")) == runs


def test_the_desk_has_the_data_and_models_of_mini_and_its_own_lengths_written_out():
    desk, mini = load_scale("desk"), load_scale("mini")
    assert (desk.transfer, desk.pretrain, desk.models) == (mini.transfer, mini.pretrain, mini.models)
    assert desk.recipes["fewshot"] == mini.recipes["fewshot"] and desk.omit == mini.omit


def test_what_an_experiment_states_for_mini_holds_at_a_scale_like_it_unless_it_states_its_own():
    experiment = make_plan("desk", ["figure8"]).experiments["figure8"]
    assert experiment.exact("desk") == experiment.exact("mini") == ("reference",)
    own = replace(experiment, at={"mini": {"reference": [1]}, "desk": {"reference": [2]}})
    assert own.seen_from("desk", "mini").at["desk"] == {"reference": [2]}


def scale_like(folder, monkeypatch, text):
    (folder / "scales").mkdir()
    for name in ("mini", "desk"):
        source = paths.EXPERIMENTS / "scales" / f"{name}.yaml"
        (folder / "scales" / source.name).write_text(source.read_text())
    (folder / "scales" / "mine.yaml").write_text(text)
    (folder / "recipes").symlink_to(paths.EXPERIMENTS / "recipes")
    monkeypatch.setattr(paths, "EXPERIMENTS", folder)
    return load_scale("mine")


def test_what_a_scale_writes_replaces_a_key_and_leaves_its_neighbours(tmp_path, monkeypatch):
    mine = scale_like(tmp_path, monkeypatch, "title: t\nlike: mini\nrecipes: {fewshot: {image_size: 64}}\n")
    mini = load_scale("mini")
    assert mine.recipes == {**mini.recipes, "fewshot": {"image_size": 64}} and mine.processes == mini.processes


@pytest.mark.parametrize(
    ("like", "expected"),
    [("desk", "desk is itself like another scale"), ("minni", "minni.yaml: no such file, did you mean")],
)
def test_a_scale_like_none_that_there_is(like, expected, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=expected):
        scale_like(tmp_path, monkeypatch, f"title: t\nlike: {like}\n")
