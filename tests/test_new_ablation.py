"""`make new-ablation NAME=x`: a file that plans at every scale, lists every axis there is, and is never written over another."""

import re

import pytest
import yaml

from vit import paths
from vit.__main__ import main
from vit.plan import make_plan
from vit.plan.model_options import FAMILIES, options_of
from vit.plan.new_ablation import text_of
from vit.plan.recipe_values import VALUES, recipe_values
from vit.plan.resolve import load_recipe

SCALES = sorted(path.stem for path in (paths.EXPERIMENTS / "scales").glob("*.yaml"))


def listed():
    """Axis -> its values, from the comments."""
    commented = re.sub(r"^# ", "", text_of("mine"), flags=re.M)
    lines = re.findall(r"^  (\w+\.\w+): (\[.*?\])(?:  .*)?$", commented, re.M)
    return {axis: yaml.safe_load(values) for axis, values in lines}


@pytest.mark.parametrize("scale", SCALES)
def test_it_plans_at_every_scale_as_it_is(experiments, scale, capsys):
    main(["new-ablation", "mine"])
    assert "ablations/mine.yaml" in capsys.readouterr().out
    plan = make_plan(scale)
    assert not plan.broken
    cells = [cell for cell in plan.cells if cell.experiment == "mine"]
    assert [cell.axes["finetune.dropout"] for cell in cells] == [0.0, 0.1]
    assert all(cell.runs for cell in cells) or scale == "photos"  # which has no pre-training
    assert scale == "photos" or set(cells[0].runs) <= set(plan.runs_of("table5"))


def test_no_file_is_left_where_its_text_cannot_be_written(experiments):
    (experiments / "recipes" / "inspect.yaml").write_text("task: vit.tasks.Nothing\n")
    with pytest.raises(SystemExit):
        main(["new-ablation", "mine"])
    assert not (experiments / "ablations" / "mine.yaml").exists()


def test_the_comments_list_every_value_of_every_recipe_with_what_it_may_be():
    axes = listed()
    assert {axis.partition(".")[2] for axis in axes} == VALUES.keys()
    for axis, values in axes.items():
        recipe, _, key = axis.partition(".")
        assert key in recipe_values(load_recipe(recipe)["task"])
        kind = VALUES[key].kind
        assert values and all(kind.fits(value) for value in values), axis
        if key in ("decay", "resize", "positions", "loss"):
            assert set(kind.words) == set(values)
    assert axes["finetune.positions"] == ["bilinear", "bicubic"] and axes["finetune.momentum"] == [0.9]
    for key in ("pretrain.lr", "finetune.lr", "fewshot.shots", "masked_patch.target"):
        assert key in axes


def test_the_comments_list_every_option_of_every_model():
    lines = text_of("mine").partition("Options of a model")[2].splitlines()
    said = {match[1]: match[2] for line in lines if (match := re.match(r"#   (\w+): .*  # (.*)", line))}
    assert said.keys() == {option for options in FAMILIES.values() for option in options}
    for option, models in said.items():
        assert len(models.split(", ")) == sum(option in options for options in FAMILIES.values())
        assert all(option in options_of(model) for model in models.split(", "))


def test_the_names_in_comments_are_yaml():
    text = text_of("mine")
    assert yaml.safe_load(text).keys() == {"title", "grid", "rows", "columns"}
    names = re.sub(r"^# ", "", text.partition("# Names")[2].partition("# Values")[0], flags=re.M)
    axes = yaml.safe_load(names.partition("\n")[2])
    assert set(axes) == {"model", "pretrain", "transfer", "tested_on", "pretrain_with", "transfer_with"}
    assert "ViT-H/14" in axes["model"] and "none" in axes["pretrain"] and "vtab" in axes["transfer_with"]
    assert "CIFAR-10 (JPEG, folders)" in axes["transfer"]
    assert all(isinstance(name, str) for names in axes.values() for name in names)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gelu", ["gelu.yaml", "exists already"]),
        ("table5", ["table5.yaml", "another make target"]),
        ("plan", ["plan.yaml", "another make target"]),
        ("my ablation", ["my ablation", "make cannot use"]),
        (".hidden", [".hidden", "make cannot use"]),
        ("../mine", ["../mine", "not a path"]),
        ("", ["a name is missing", "NAME="]),
    ],
)
def test_a_name_that_cannot_be_is_one_line_and_nothing_is_written(experiments, name, words):
    before = {path: path.read_text() for path in experiments.rglob("*.yaml")}
    with pytest.raises(SystemExit) as end:
        main(["new-ablation", name])
    assert all(word in str(end.value) for word in words) and "\n" not in str(end.value)
    assert before == {path: path.read_text() for path in experiments.rglob("*.yaml")}
