"""docs/fidelity.md: every option and every test that it names is there, and every default is the one it states."""

import inspect
import re

import pytest
import torch

from data import ImageData
from vit.models import arguments_of, create_model
from vit.models.hybrid import Hybrid
from vit.models.resnet import ResNet
from vit.paths import ROOT
from vit.plan.difference import text
from vit.plan.recipe_values import STATED, TASKS, VALUES
from vit.plan.resolve import load_recipe
from vit.weights.ours import arguments

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "fidelity.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| :--", "| choice"))
]
DATA = {"without": [inspect.signature(ImageData.__init__).parameters["without"].default]}  # of every data module
OPTIONS = arguments_of(Hybrid) | arguments_of(ResNet)


def defaults(option):
    """What the recipes give it, in rows too; of an option of a model, what its constructor does."""
    recipes = [load_recipe(name) for name in ("pretrain", "finetune", "fewshot", "masked_patch", "inspect", "speed")]
    places = [place for recipe in recipes for place in (recipe, *recipe["rows"])]
    given = [place[option] for place in places if option in place]
    given += [task["later"][option] for task in TASKS.values() if option in task.get("later", {})]
    given += [VALUES[option].off] if option in VALUES and VALUES[option].off is not STATED else []
    built = [arguments({"name": name}) for name in ("ViT-B/16", "ResNet50x1")]
    return given + [parameters[option] for parameters in built if option in parameters]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_switch_is_an_option_with_its_stated_default_and_a_test(row):
    *_, option, _, test = row
    named = re.match(r"`(\w+)`: (\[.*?\]|[^ ,]+)", option)
    if named:
        assert named[1] in VALUES.keys() | OPTIONS | set(DATA)
        assert named[2] in [text(value) for value in [*defaults(named[1]), *DATA.get(named[1], [])]]
    else:
        assert option == "none"  # no other way is offered
    file, name = re.fullmatch(r"`(\w+\.py)::(\w+)`", test).groups()
    assert f"def {name}(" in (ROOT / "tests" / file).read_text()


def test_every_word_that_a_recipe_chooses_by_is_in_the_table():
    switches = {"warmup_from", "decay_form", "decay_on", "clip_rule", "momentum_dtype", "loss", "positions", "polyak"}
    switches |= {"optimizer", "frozen", "layer_decay", "select_by"}
    assert switches <= {match for row in ROWS for match in re.findall(r"`(\w+)`", row[3])}


def test_dropout_comes_after_positions_and_after_every_dense_layer_but_qkv():
    """Section B.1; in the authors' code after the GELU, which follows the first layer of the MLP."""
    model = create_model("ViT-B/16", image_size=8, patch=4, width=8, heads=2, mlp=8, depth=1, dropout=0.5)
    called = []
    for name, part in model.named_modules():
        if not list(part.children()):
            part.register_forward_hook(lambda *_, name=name: called.append(name))
    model.whole_sequence = True  # otherwise the qkv of the last block is called in two parts
    model(torch.zeros(1, 3, 8, 8))
    block = ["norm1", "attention.qkv", "attention.out", "dropout"]
    block += ["norm2", "mlp.dense1", "mlp.gelu", "mlp.dropout1", "mlp.dense2", "mlp.dropout2"]
    before, after = ["embedding", "position.tables.0", "dropout"], ["norm", "pool", "hidden", "head"]
    assert called == [*before, *(f"blocks.0.{name}" for name in block), *after]
