"""Sprites: the label is the orientation that is seen, and an image depends on seed and index alone."""

import hashlib

import numpy as np
import pytest
import torch

from data import Sprites
from data.sets.sprites import SHAPES, draw, parameters


def sprites(train_size=200, test_size=50):
    common = {"image_size": 32, "batch_size": 64, "train_on": "train", "held_out": 0.1, "split_seed": 0, "seed": 0}
    common |= {"evaluation": "resize", "resize": "once"}
    return Sprites(orientations=8, train_size=train_size, test_size=test_size, augment=[], **common)


def direction(images):
    """The angle of the third-order moment sum |z|^2 z about the centroid: it turns as the shape turns."""
    weight = images.astype(float) - images[:, :1, :1]  # a corner shows the background
    z = np.arange(64) + 1j * np.arange(64)[:, None]
    z = z - (weight * z).sum((1, 2), keepdims=True) / weight.sum((1, 2), keepdims=True)
    return np.angle((weight * np.abs(z) ** 2 * z).sum((1, 2)))


@pytest.mark.parametrize("shape", range(len(SHAPES)), ids=list(SHAPES))
@pytest.mark.parametrize("orientations", [8, 16])
def test_a_sprites_label_is_the_orientation_that_is_drawn(shape, orientations):
    shown = parameters(0, np.arange(1500), orientations)
    shown = {name: value[shown["shape"] == shape] for name, value in shown.items()}
    turned = direction(draw(shown, 64))
    offset = np.angle(np.exp(1j * (turned - shown["angle"])).mean())  # which way the moment points in the shape's frame
    label = np.rint((turned - offset) * orientations / (2 * np.pi)).astype(int) % orientations
    assert len(label) > 200
    assert (label == shown["label"]).all()


def test_a_sprite_depends_on_seed_and_index_alone():
    images, labels = sprites().arrays("train")
    more, _ = sprites(train_size=1500, test_size=7).arrays("train")
    assert torch.equal(more[:200], images)
    assert hashlib.sha256(images.numpy().tobytes()).hexdigest()[:16] == "46d9a0cd6937241b"
    assert not np.array_equal(draw(parameters(1, np.arange(200), 8), 32), images.numpy())
    assert labels.bincount(minlength=8).min() > 10


def test_sprites_lie_inside_the_image():
    shown = parameters(0, np.arange(500), 8)
    border = draw(shown, 32)[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.array_equal(border, np.rint(255 * shown["back"]).astype(np.uint8)[:, None].repeat(4, 1))
