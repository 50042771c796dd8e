"""The table of values: its words are the registries', its off-values make the configs that recipes used to spell out."""

import pytest

from data.transforms.augment import AUGMENTATIONS
from data.transforms.crops import CROPS
from data.transforms.evaluation import EVALUATIONS
from data.transforms.resize import RULES
from vit.errors import UserError
from vit.models.grid import MODES
from vit.objectives.least_squares import DTYPES
from vit.objectives.losses import LOSSES
from vit.objectives.masked_patches.corruption import FATES
from vit.objectives.masked_patches.targets import BINS, TARGETS
from vit.optim.clipping import CLIP_RULES
from vit.optim.momentum import BUFFERS
from vit.optim.optimizers import ADAM, DECAYED, OPTIMIZERS
from vit.optim.schedules import DECAYS, WARMUP_FROM
from vit.plan import make_plan
from vit.plan.recipe_values import (
    STATED,
    TASKS,
    VALUES,
    check_needed,
    of_config,
    off_value,
    recipe_values,
    with_off_values,
)
from vit.plan.resolve import load_recipe
from vit.record import MEASURES

REGISTRIES = {
    "optimizer": OPTIMIZERS, "decay": [*DECAYS, "staircase"], "warmup_from": WARMUP_FROM, "decay_form": ADAM, "decay_on": DECAYED,
    "momentum_dtype": BUFFERS, "clip_rule": CLIP_RULES, "loss": LOSSES, "positions": MODES, "resize": RULES, "target": TARGETS,
    "select_by": MEASURES, "color_bins": BINS, "counts": FATES, "solve_dtype": DTYPES, "augment": CROPS | AUGMENTATIONS, "evaluation": EVALUATIONS,
}  # fmt: skip
ELSEWHERE = {"precision", "random_patch_from", "head_hidden"}  # Lightning's words, and two that are no key of a table


@pytest.mark.parametrize("name", REGISTRIES)
def test_the_words_of_a_value_are_those_that_are_registered(name):
    assert sorted(VALUES[name].kind.words) == sorted(REGISTRIES[name])


def test_every_value_with_words_is_compared_and_every_row_of_the_table_is_a_value_of_a_task():
    assert {name for name, value in VALUES.items() if value.kind.words} == REGISTRIES.keys() | ELSEWHERE
    assert VALUES.keys() == {value for task in TASKS for value in recipe_values(task)}


def test_off_values_are_values_and_say_where_they_are_from():
    for name, value in VALUES.items():
        assert value.source
        assert value.off is STATED or value.kind.fits(value.off), name


def test_a_value_that_another_one_needs_must_be_stated():
    recipe = load_recipe("pretrain")
    stated = {key: value for key, value in {**recipe, **recipe["rows"][0]}.items() if key != "beta2"}
    with pytest.raises(KeyError, match="beta2"):
        with_off_values(stated, "vit.tasks.Pretrain")
    assert off_value("beta2", {**stated, "optimizer": "sgd"}) is None
    with pytest.raises(KeyError, match="momentum"):
        off_value("momentum", {})  # Finetune has no other optimizer


def test_a_later_value_is_in_a_config_where_it_is_on_and_only_there():
    task = "vit.tasks.Finetune"
    off = dict.fromkeys(recipe_values(task)) | TASKS[task]["later"]
    assert not set(TASKS[task]["later"]) & set(of_config(off, task))
    assert not set(TASKS[task]["later"]) & set(
        of_config({**off, "weight_decay": 0, "layer_decay": 1}, task)
    )  # as YAML has it
    assert of_config({**off, "layer_decay": 0.75}, task) == of_config(off, task) | {"layer_decay": 0.75}


def test_of_the_optimizers_each_needs_its_own_values():
    """Fine-tuning is by SGD where a recipe does not say otherwise."""
    later = TASKS["vit.tasks.Finetune"]["later"]
    for optimizer in ("adam", "lion", "lamb"):
        with pytest.raises(KeyError, match="beta1"):
            off_value("beta1", {**later, "optimizer": optimizer}, later)
        assert off_value("momentum", {**later, "optimizer": optimizer}, later) is None
    assert off_value("beta1", later, later) is None
    with pytest.raises(KeyError, match="momentum"):
        off_value("momentum", later, later)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frozen": True, "dropout": 0.1, "layer_decay": 1.0}, r"here\.dropout.*frozen"),
        ({"frozen": True, "dropout": 0.0, "layer_decay": 0.5}, r"here\.layer_decay.*frozen"),
        ({"optimizer": "lion", "momentum": 0.9}, r"here\.momentum.*optimizer lion"),
        ({"optimizer": "lamb", "decay_form": "coupled"}, r"here\.decay_form.*optimizer lamb.*decoupled"),
        ({"precision": "bf16-true", "polyak": 0.999}, r"here\.polyak.*precision bf16-true.*null"),
        ({"batch_size": 64, "micro_batch": 1, "mixup": 0.2}, r"here\.mixup.*micro_batch 1:.*pairs.*0\.0"),
        ({"batch_size": 63, "micro_batch": 7, "cutmix": 1.0}, r"here\.cutmix.*micro_batch 7:.*pairs.*0\.0"),
        ({"batch_size": 63, "micro_batch": None, "cutmix": 1.0}, r"here\.cutmix.*batch_size 63:.*pairs.*0\.0"),
        ({"batch_size": 64, "micro_batch": 24}, r"here\.micro_batch.*64 images.*24.*divisor.*at"),
        ({"batch_size": 64, "micro_batch": 128}, r"here\.micro_batch.*64 images.*128"),
    ],
)
def test_a_value_that_does_not_go_with_another_is_refused(values, words):
    with pytest.raises(UserError, match=words):
        check_needed(values, lambda *keys: "here")


@pytest.mark.parametrize("task", ["vit.tasks.Pretrain", "vit.tasks.Finetune", "vit.tasks.MaskedPatch"])
def test_values_that_go_together_pass(task):
    values = {
        "batch_size": 64,
        "micro_batch": 64,
        "mixup": 0.2,
        "cutmix": 1.0,
        "polyak": 0.999,
        "precision": "bf16-mixed",
    }
    check_needed({key: value for key, value in values.items() if key in recipe_values(task)}, lambda *keys: "here")


def test_configs_hold_every_value_of_their_task_whether_stated_or_off():
    run = next(run for run in make_plan("smoke", ["table5"]).runs.values() if run.pretrains)
    arguments = run.config["model"]["init_args"]
    assert arguments["label_smoothing"] == 0.0 and "label_smoothing" not in load_recipe("pretrain")
    assert arguments["momentum"] is None and run.config["data"]["init_args"]["subset"] == 1.0
    assert "callbacks" not in run.config["trainer"]  # early_stopping is off
