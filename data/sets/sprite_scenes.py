"""Sprite scenes: up to four simple shapes in an image, labelled by which shapes there are; a multi-label set, generated.

An image is a pure function of (seed, index). B images.
"""

import numpy as np
import torch

from data.base import ImageData
from data.disk.room import check_memory
from data.draws import uniform
from data.sets.sprites import SHAPES, TEST, draw
from data.values import check

QUADRANTS = 4  # a shape has one to itself, so that none hides another
PRESENT = 0.6  # the probability of a shape in a quadrant; so each of the five is in 40% of the images
THERE, SHAPE, ANGLE, RADIUS, X, Y, FRONT = range(7)  # streams of draws in a quadrant
GROUND = 7  # the stream of an image's ground


def quadrant(seed: int, indices: np.ndarray, number: int) -> dict[str, np.ndarray]:
    """What is in one quarter of images, arrays (B,), as data.sets.sprites.draw takes it; `there`: is anything?"""

    def drawn(stream):
        return uniform(seed, indices, number, stream)

    there, back = drawn(THERE) < PRESENT, 0.25 * uniform(seed, indices, QUADRANTS, GROUND)
    radius = 0.15 + 0.08 * drawn(RADIUS)
    left, top = 0.5 * (number % 2), 0.5 * (number // 2)
    return {
        "there": there,
        "shape": np.floor(len(SHAPES) * drawn(SHAPE)).astype(np.int64),
        "angle": 0.8 * (drawn(ANGLE) - 0.5),  # nearly upright
        "radius": radius,
        "x": left + radius + (0.5 - 2 * radius) * drawn(X),
        "y": top + radius + (0.5 - 2 * radius) * drawn(Y),
        "front": np.where(there, 0.5 + 0.5 * drawn(FRONT), back),
        "back": back,
    }


def scenes(seed: int, indices: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (B, size, size), and labels int8 (B, 5): 1 for each shape that the image has."""
    quarters = [quadrant(seed, indices, number) for number in range(QUADRANTS)]
    images = np.maximum.reduce([draw(quarter, size) for quarter in quarters])  # shapes are brighter than the ground
    labels = np.zeros((len(indices), len(SHAPES)), np.int8)
    for quarter in quarters:
        rows = np.flatnonzero(quarter["there"])
        labels[rows, quarter["shape"][rows]] = 1
    return images, labels


class SpriteScenes(ImageData):
    """`train_size` training and `test_size` test images, grey; the labels are those of the five shapes that are there."""

    num_classes, class_names = len(SHAPES), tuple(SHAPES)
    multi_label = True
    one_source = True
    scene_seed = 0  # one fixed task

    def __init__(self, *, train_size: int, test_size: int, **common):
        super().__init__(**common)
        check(train_size=train_size, test_size=test_size)
        if train_size > TEST:
            raise ValueError(f"train_size must be from 1 to {TEST:,}, not {train_size:,}")
        self.train_size, self.test_size = train_size, test_size

    def arrays(self, split):
        indices = np.arange(self.train_size) if split == "train" else TEST + np.arange(self.test_size)
        pixels = len(indices) * self.image_size**2
        check_memory(f"{len(indices):,} scenes of {self.image_size} px", pixels, f"{split}_size or image_size")
        # the float coordinates of all pixels at once would fill the memory
        parts = [
            scenes(self.scene_seed, indices[start : start + 1000], self.image_size)
            for start in range(0, len(indices), 1000)
        ]
        images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
        return torch.from_numpy(images), torch.from_numpy(labels)
