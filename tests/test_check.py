"""`python -m vit check`: what only the code knows is found before the first run, in a line that names file and key."""

import sys

import pytest
import yaml

from vit.__main__ import main
from vit.plan.resolve import load_recipe

SMOKE = "scales/smoke.yaml"
MINE = {
    "title": "Mine",
    "grid": {"model": ["ViT-S/16"], "pretrain": ["none"], "transfer": ["CIFAR-10"], "transfer_with": ["scratch"]},
    "rows": ["transfer"],
    "columns": ["model"],
}
OWN_MODEL = """
from vit.models.vit import ViT

class OwnViT(ViT):
    def __init__(self, *, turns: int, **arguments):
        super().__init__(**arguments)
        if turns > 3:
            raise RuntimeError(f"{turns} turns are too many")
"""
OWN_TASK = """
from vit.tasks import Pretrain

class OwnPretrain(Pretrain):
    def __init__(self, *, temperature: float, **arguments):
        super().__init__(**arguments)
"""


@pytest.fixture
def experiments(experiments, tmp_path, monkeypatch):
    """With one experiment more, mine, and a model and a task of its own."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(experiments / "ablations")])
    (experiments / "ablations" / "check_model.py").write_text(OWN_MODEL)
    (experiments / "ablations" / "check_task.py").write_text(OWN_TASK)
    write(experiments)
    yield experiments
    for name in ("check_model", "check_task", "check_syntax"):
        sys.modules.pop(name, None)


def write(experiments, **grid):
    mine = {**MINE, "grid": {**MINE["grid"], **grid}}
    (experiments / "ablations" / "mine.yaml").write_text(yaml.safe_dump(mine))


def replace(experiments, file, old, new):
    text = (experiments / file).read_text()
    assert old in text
    (experiments / file).write_text(text.replace(old, new))


@pytest.fixture
def check(experiments, capsys):
    """check(goals): (exit code, lines of stderr, was `checked` left?)."""

    def check(goals, scale="smoke"):
        code = 0
        try:
            main(["check", "--scale", scale, "--goals", goals])
        except SystemExit as end:
            code = end.code
        checked = experiments.parent / "results" / scale / "checked"
        return code, capsys.readouterr().err.splitlines(), checked.exists()

    return check


def test_without_a_mistake_nothing_is_said_and_the_file_is_left(check):
    assert check("table5 mine") == (0, [], True)
    assert check("") == (0, [], True)


DATA = {  # what is there, what somebody writes instead, an experiment that has it, one that has not, words of the line
    "a data module": ("data: data.MNIST5k", "data: data.MNIST6k", "table5", "shots", ["transfer.CIFAR-10", "data.MNIST6k", "'MNIST5k'"]),
    "an argument": ("instances: 4,", "instancess: 4,", "table5", "mine", ["pretrain.ImageNet", "instancess", "'instances'"]),
    "a type": ("instances: 4,", "instances: ten,", "table5", "mine", ["pretrain.ImageNet", "instances", "'ten'", "a whole number"]),
    "an argument that is required": ("data: data.MNIST5k", "data: data.ImageFolder", "mine", "shots", ["transfer.CIFAR-10", "required", "folder"]),
    "a folder": ("data: data.MNIST5k,", "data: data.ImageFolder, args: {folder: nowhere},", "mine", "shots", ["transfer.CIFAR-10", "nowhere", "train"]),
    "a package": ("data: data.MNIST5k", "data: dat.MNIST5k", "mine", "shots", ["transfer.CIFAR-10", "dat.MNIST5k", "no file dat.py"]),
    "another kind of class": ("data: data.MNIST5k", "data: data.ledger", "mine", "shots", ["transfer.CIFAR-10", "data.ledger"]),
    "several labels in the place of one": ("data: data.MNIST5k,", "data: data.SpriteScenes, args: {train_size: 9, test_size: 9},",
        "mine", "shots", ["transfer.CIFAR-10", "data.SpriteScenes", "multi_label must be true"]),
    "one label in the place of several": ("data: data.SpriteScenes, images: 200, args: {", "data: data.Sprites, images: 200, args: {orientations: 5, ",
        "multilabel", "shots", ["transfer.PASCAL VOC 2007", "data.Sprites", "multi_label must be false"]),
    "a step of augmentation": ("augment: [], evaluation: resize, resize: once, held_out: 0.1, seeds: 2}",
        "augment: [flip(3)], evaluation: resize, resize: once, held_out: 0.1, seeds: 2}", "table5", "mine", ["flip", "3"]),
}  # fmt: skip


@pytest.mark.parametrize("slip", DATA)
def test_a_mistake_in_a_data_set_stops_the_experiments_that_need_it_and_no_others(experiments, check, slip):
    old, new, needs, other, words = DATA[slip]
    replace(experiments, SMOKE, old, new)
    code, lines, checked = check(needs)
    assert code == 1 and not checked
    (line,) = [line for line in lines if f"{needs}.yaml" in line]
    assert all(word in line for word in ("smoke.yaml", *words)), line
    code, told, checked = check(other)
    assert (code, told, checked) == (0, lines, False)


MODELS = {  # axes of the experiment, words of the line
    "a model": ({"model": ["ViT-Q/16"]}, ["model ViT-Q/16", "'ViT-S/16'"]),
    "a patch larger than the image": ({"model": ["ViT-S/64"]}, ["model ViT-S/64", "image_size 32", "no patch of 64 x 64"]),
    "heads beside Table 1's width": ({"size": [{"label": "a", "options": {"heads": 7}}]}, ['"heads": 7', "7 heads do not divide the width 384"]),
    "an argument of an own class": ({"model": ["check_model.OwnViT@ViT-B/16"]}, ["check_model.OwnViT@ViT-B/16", "'turns'"]),
    "an own class that raises": ({"size": [{"label": "a", "model": "check_model.OwnViT@ViT-B/16", "options": {"turns": 4}}]},
        ["check_model.OwnViT@ViT-B/16", '"turns": 4', "4 turns are too many", "RuntimeError", "models.ViT-B/16"]),
    "an own class that there is not": ({"model": ["check_model.OwnVit@ViT-B/16"]}, ["check_model.OwnVit", "no attribute 'OwnVit'"]),
}  # fmt: skip


@pytest.mark.parametrize("slip", MODELS)
def test_a_mistake_in_a_model_names_the_experiment_its_model_and_what_it_was_given(experiments, check, slip):
    axes, words = MODELS[slip]
    grid = {key: values for key, values in MINE["grid"].items() if key != "model" or "model" in axes}
    grid = {"model": ["ViT-S/16"], **grid, **axes}
    if any("model" in value for value in grid.get("size", [])):
        del grid["model"]
    (experiments / "ablations" / "mine.yaml").write_text(yaml.safe_dump({**MINE, "grid": grid, "rows": ["transfer"]}))
    code, lines, checked = check("mine")
    assert (code, len(lines), checked) == (1, 1, False), lines
    assert all(word in lines[0] for word in ("mine.yaml", "scratch.image_size", *words)), lines[0]
    assert check("table5")[::2] == (0, False)


def test_a_class_of_ones_own_that_is_no_python_is_named_with_its_line(experiments, check):
    (experiments / "ablations" / "check_syntax.py").write_text("class A(:\n    pass\n")
    write(experiments, model=["check_syntax.A@ViT-B/16"])
    (line,) = check("mine")[1]
    assert "check_syntax.A" in line and "check_syntax.py, line 1" in line


def test_arguments_of_a_task_of_ones_own_are_checked_and_name_its_recipe(experiments, check):
    recipe = yaml.safe_load((experiments / "recipes" / "scratch.yaml").read_text())
    own = {"task": "check_task.OwnPretrain", "like": "vit.tasks.Pretrain"}
    write(experiments, transfer_with=["warm"])
    for arguments, words in (({"temperature": "hot"}, "temperature: 'hot' is not a number"), ({}, "temperature")):
        (experiments / "recipes" / "warm.yaml").write_text(yaml.safe_dump({**recipe, **own, "arguments": arguments}))
        load_recipe.cache_clear()
        (line,) = check("mine")[1]
        assert "recipes/warm.yaml" in line and words in line
