"""A message about a value of a recipe names the one file that states it: the experiment, the scale or the recipe."""

import re

import pytest
import yaml

from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.resolve import load_recipe

TRIED, MINI, RECIPE = (
    r"\S*experiments/ablations/tried\.yaml: ",
    r"experiments/scales/mini\.yaml: recipes\.",
    r"experiments/recipes/finetune\.yaml: ",
)
PETS = "steps: 500,   lr: [0.001, 0.003, 0.01, 0.03], held_out: 0.1, warmup_steps: 100}"


@pytest.fixture
def message(experiments):
    """message(grid, scale): of the UserError that an ablation with this grid ends with."""

    def planned(grid, scale="mini", transfer="CIFAR-10"):
        names = {"model": ["ViT-B/16"], "pretrain": ["none"], "transfer": [transfer]}
        experiment = {"title": "t", "grid": {**names, **grid}, "rows": ["transfer"], "columns": ["model"]}
        (experiments / "ablations" / "tried.yaml").write_text(yaml.safe_dump(experiment, sort_keys=False))
        with pytest.raises(UserError) as error:
            make_plan(scale, ["tried"])
        return str(error.value)

    return planned


@pytest.fixture
def edit(experiments):
    """edit(file, old, new): of a file in experiments/."""

    def replace(file, old, new):
        text = (experiments / file).read_text()
        assert old in text
        (experiments / file).write_text(text.replace(old, new))
        load_recipe.cache_clear()

    return replace


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("finetune.lr", 0.01, r"finetune\.lr: 0\.01 where the recipe has \[.*mini\.yaml: recipes\.finetune\.lr has its own"),
        ("finetune.warmup_steps", 100000, r"finetune\.warmup_steps: 6000 must be below the 300 updates"),
        ("finetune.steps", 500, r"finetune\.warmup_steps: 30 must be below the 15 updates"),
        ("finetune.decay", "x2", r"finetune\.decay: x2 multiplies numbers"),
        ("finetune.momentum", "x2", r"finetune\.momentum: a number from 0 to below 1 or null was expected, found 1\.8"),
        ("finetune.momentum", 2, r"finetune\.momentum: a number from 0 to below 1 or null was expected, found 2"),
        ("finetune.beta1", 0.9, r"finetune\.beta1: 0\.9 has no effect with optimizer sgd"),
        ("finetune.micro_batch", 5, r"finetune\.micro_batch: a batch of 32 images is not divisible by 5"),
        ("finetune.optimizer", "adam", r"no value for 'beta1', which optimizer"),
        ("finetune.label_smoothing", 0.1, r"finetune\.label_smoothing: 0\.1 is for one label an image"),
    ],
)  # fmt: skip
def test_what_the_experiment_states_is_named_with_its_path(message, key, value, words):
    transfer = "PASCAL VOC 2007" if "label an image" in words else "CIFAR-10"
    assert_names(message({key: [value]}, transfer=transfer), TRIED, words)


def test_what_the_scale_states_is_named_with_the_scale(message, edit):
    edit(
        "scales/mini.yaml",
        "steps: 300, warmup_steps: 30, lr: [0.05, 0.1]",
        "steps: 300, warmup_steps: 300, lr: [0.05, 0.1]",
    )
    assert_names(message({}), MINI, r"finetune\.warmup_steps: 300 must be below the 300 updates")
    edit("scales/mini.yaml", "warmup_steps: 300, lr", "warmup_steps: 30, beta1: 0.9, lr")
    assert_names(message({}), MINI, r"finetune\.beta1: 0\.9 has no effect with optimizer sgd")
    edit("scales/mini.yaml", "beta1: 0.9, lr", "momentum: 2, lr")
    assert_names(message({}), MINI, r"finetune\.momentum: a number from 0 to below 1 or null was expected, found 2")


def test_what_the_recipe_states_is_named_with_the_recipe(message, edit):
    edit("recipes/finetune.yaml", PETS, PETS.replace("warmup_steps: 100", "warmup_steps: 600"))
    found = message({}, scale="paper", transfer="Oxford-IIIT-Pets")
    assert_names(found, RECIPE, r"finetune\.warmup_steps: 600 must be below the 500 updates")
    edit("recipes/finetune.yaml", "decay: cosine ", "drops: [3]\ndecay: cosine ")
    assert_names(message({}), RECIPE, r"finetune\.drops: \[3\] has no effect with decay cosine")
    edit("recipes/finetune.yaml", "drops: [3]\n", "")
    edit("recipes/finetune.yaml", "momentum: 0.9 ", "# ")
    assert_names(message({}), RECIPE, r"no value for 'momentum', which optimizer")


def assert_names(message, file, words):
    """The file comes first, and no second one is offered."""
    assert re.match(file + words, message), message
    assert " or the experiment" not in message
