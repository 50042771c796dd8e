"""The names of the classes of a set travel with the weights that are trained on it, and with them the loss of the head."""

import json
from types import SimpleNamespace

import pytest
from foreign_files import flat, written
from plain_data import PLAIN
from safetensors import safe_open
from timm.data import ImageNetInfo

from data import Digits, Fractals, ImageFolder, MNIST5k
from data.sets.imagenet_names import imagenet_names
from vit.models import create_model
from vit.weights import read, save
from vit.weights.metadata import outputs_in

TINY = dict(image_size=16, patch=8, width=8, depth=1, heads=1, mlp=8)


def metadata(folder):
    with safe_open(folder / "weights.safetensors", "pt") as archive:
        return archive.metadata()


def task(**attributes):
    return SimpleNamespace(model=create_model("ViT-B/16", num_classes=3, **TINY), **attributes)


def test_the_weights_of_a_classifier_state_its_loss_and_the_names(tmp_path):
    save(task(loss="sigmoid"), tmp_path, {"image_size": 16}, ["ant", "bee", "cat"])
    assert outputs_in(metadata(tmp_path)) == {"loss": "sigmoid", "class_names": ["ant", "bee", "cat"]}
    assert read(tmp_path)[0] == task().model.made_with  # what create_model takes is as before


def test_a_task_that_trains_no_head_states_nothing(tmp_path):
    save(task(), tmp_path, {"image_size": 16}, ["ant", "bee", "cat"])
    assert outputs_in(metadata(tmp_path)) == {}
    assert json.loads(metadata(tmp_path)["create_model"]).keys() == {*task().model.made_with, "images"}


@pytest.mark.parametrize("kind", [Digits, MNIST5k])
def test_digits_are_called_so(kind):
    assert list(kind(**PLAIN, image_size=8, batch_size=4).class_names) == [str(digit) for digit in range(10)]


def test_class_folders_give_the_names(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    for name in ("wolf", "ant", "bee"):
        for number in range(4):
            written(tmp_path / "mine" / name / f"{number}.png", flat(60 * number))
    images = ImageFolder(folder="mine", test_share=0.25, **PLAIN | {"held_out": 0.3}, image_size=8, batch_size=4)
    assert images.class_names == ["ant", "bee", "wolf"]
    images.setup("fit")
    assert images.class_names == ["ant", "bee", "wolf"]


def test_rendered_classes_have_no_names():
    arguments = dict(categories=3, instances=2, fractal_seed=0)
    assert Fractals(**arguments, **PLAIN, image_size=8, batch_size=4).class_names is None


def test_imagenets_names_are_in_the_order_of_wordnet_ids():
    """timm's list of the same classes is another source: it gives all words of a class."""
    other = ImageNetInfo("imagenet-1k")
    ids = other.label_names()
    assert ids == sorted(ids) and len(imagenet_names()) == 1000
    apart = [n for n, name in enumerate(imagenet_names()) if name.lower() not in other.index_to_description(n).lower()]
    assert apart == [
        134,
        639,
    ]  # 'crane bird' and 'maillot tank suit', which the other list calls 'crane' and 'maillot, tank suit'
