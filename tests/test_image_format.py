"""The image format of an evaluation is part of a model: weights and checkpoints state it, and it is checked."""

from types import SimpleNamespace

import pytest
from plain_data import PLAIN

from data import Digits
from vit.errors import UserError
from vit.models import create_model
from vit.weights import check_images, save, save_weights

HERE = {"image_size": 16, "evaluation": "central_crop(20)", "resize": "big_vision", "pixels": "-1 to 1"}


@pytest.fixture(scope="module")
def model():
    return create_model("ViT-B/16", image_size=16, num_classes=3, width=8, depth=1, heads=1, mlp=8)


def digits(**options):
    return Digits(
        **PLAIN
        | {"image_size": 16, "batch_size": 4, "evaluation": "central_crop(20)", "resize": "big_vision"}
        | options
    )


def test_a_data_module_says_it():
    assert digits().image_format() == HERE


@pytest.mark.parametrize(("name", "value"), [("image_size", 32), ("evaluation", "resize"), ("resize", "vit_jax")])
def test_weights_are_for_images_of_their_format(model, tmp_path, name, value):
    save(SimpleNamespace(model=model), tmp_path, digits().image_format())
    check_images(tmp_path, HERE)
    with pytest.raises(
        UserError, match=rf"its model is for images with {name} .*, these have {value!r}; evaluate it"
    ) as raised:
        check_images(tmp_path, HERE | {name: value})
    assert "\n" not in str(raised.value)


def test_the_same_model_leaves_the_same_bytes(model, tmp_path):
    for number in range(8):  # safetensors writes several texts in an order that changes
        save_weights(model, tmp_path / f"{number}.safetensors", images=HERE)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_weights_from_elsewhere_say_nothing_of_it_and_are_taken(model, tmp_path):
    save_weights(model, tmp_path / "weights.safetensors")
    check_images(tmp_path, HERE)


@pytest.mark.parametrize(("name", "value"), [("image_size", 20), ("evaluation", "resize"), ("resize", "vit_jax")])
def test_a_checkpoint_is_refused_by_data_of_another_image_format(name, value):
    state = digits().state_dict()
    digits().load_state_dict(state)
    with pytest.raises(ValueError, match=f"a model for images with {name} .* has {value!r}"):
        digits(**{name: value}).load_state_dict(state)
