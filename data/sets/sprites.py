"""Sprites: one simple shape per image, labelled by its orientation, as in VTAB's dSprites-orientation; generated.

An image is a pure function of (seed, index). B images, S image size; x is to the right and y down.
"""

import numpy as np
import torch

from data.base import ImageData
from data.disk.room import check_memory
from data.draws import uniform
from data.values import check

ORIENTATION, ANGLE, SHAPE, RADIUS, CENTRE_X, CENTRE_Y, FRONT, BACK = range(8)  # streams of draws
TEST = 1_000_000  # index of the first test image: the same test set for every size of the training set


def box(x, y, left, right, half_height):
    return np.maximum(np.maximum(left - x, x - right), np.abs(y) - half_height)


def triangle(x, y, base, tip, half_width):
    """Isosceles, the tip on the x axis."""
    length = tip - base
    side = (half_width * (x - tip) + length * np.abs(y)) / np.hypot(half_width, length)
    return np.maximum(base - x, side)


def arrow(x, y):
    return np.minimum(box(x, y, -0.9, 0.2, 0.18), triangle(x, y, 0.1, 0.95, 0.6))


def wedge(x, y):
    return triangle(x, y, -0.7, 0.95, 0.55)


def drop(x, y):
    """A disc and the tangents to it from the tip."""
    sine = 0.5 / 1.35
    touch, half_width = 0.5 * sine - 0.4, 0.5 * np.sqrt(1 - sine**2)
    return np.minimum(np.hypot(x + 0.4, y) - 0.5, triangle(x, y, touch, 0.95, half_width))


def half_disc(x, y):
    return np.maximum(np.hypot(x + 0.35, y) - 0.85, -0.35 - x)


def ell(x, y):
    return np.minimum(box(x, y + 0.3, -0.75, 0.75, 0.2), box(x + 0.55, y - 0.1, -0.2, 0.2, 0.6))


# Signed distance to the edge, negative inside, of points in the shape's coordinates: it points along x and fits into
# the unit circle. No shape has a rotational symmetry, which would make the orientation ambiguous.
SHAPES = {"arrow": arrow, "wedge": wedge, "drop": drop, "half_disc": half_disc, "ell": ell}


def parameters(seed: int, indices: np.ndarray, orientations: int) -> dict[str, np.ndarray]:
    """Shape, position, orientation and greys of images, arrays (B,): lengths in image sizes, greys 0 .. 1, radians."""
    label = np.floor(orientations * uniform(seed, indices, ORIENTATION)).astype(np.int64)
    within = 0.8 * (uniform(seed, indices, ANGLE) - 0.5)  # of a sector: gaps keep neighbouring orientations apart
    radius = 0.25 + 0.2 * uniform(seed, indices, RADIUS)
    return {
        "label": label,
        "angle": 2 * np.pi * (label + within) / orientations,
        "shape": np.floor(len(SHAPES) * uniform(seed, indices, SHAPE)).astype(np.int64),
        "radius": radius,
        "x": radius + (1 - 2 * radius) * uniform(seed, indices, CENTRE_X),
        "y": radius + (1 - 2 * radius) * uniform(seed, indices, CENTRE_Y),
        "front": 0.5 + 0.5 * uniform(seed, indices, FRONT),
        "back": 0.25 * uniform(seed, indices, BACK),
    }


def draw(sprites: dict[str, np.ndarray], size: int) -> np.ndarray:
    """`parameters` -> images uint8 (B, S, S), antialiased: a pixel's cover follows its centre's distance to the edge."""
    sprites = {name: value[:, None, None] for name, value in sprites.items()}
    middle = (np.arange(size) + 0.5) / size
    right, down = (middle - sprites["x"]) / sprites["radius"], (middle[:, None] - sprites["y"]) / sprites["radius"]
    cosine, sine = np.cos(sprites["angle"]), np.sin(sprites["angle"])
    x, y = cosine * right + sine * down, cosine * down - sine * right  # (B, S, S), in the shape's frame
    distance = np.choose(sprites["shape"], [shape(x, y) for shape in SHAPES.values()])
    cover = np.clip(0.5 - distance * sprites["radius"] * size, 0, 1)
    return np.rint(255 * (sprites["back"] + (sprites["front"] - sprites["back"]) * cover)).astype(np.uint8)


class Sprites(ImageData):
    """`train_size` training and `test_size` test images, grey; the label is one of `orientations` of the circle."""

    one_source = True
    sprite_seed = 0  # one fixed task

    def __init__(self, *, orientations: int, train_size: int, test_size: int, **common):
        super().__init__(**common)
        check(orientations=orientations, train_size=train_size, test_size=test_size)
        if train_size > TEST:
            raise ValueError(f"train_size must be from 1 to {TEST:,}, not {train_size:,}")
        self.num_classes = self.orientations = orientations
        self.train_size, self.test_size = train_size, test_size

    def arrays(self, split):
        indices = np.arange(self.train_size) if split == "train" else TEST + np.arange(self.test_size)
        pixels = len(indices) * self.image_size**2
        check_memory(f"{len(indices):,} sprites of {self.image_size} px", pixels, f"{split}_size or image_size")
        images, labels = [], []
        for start in range(0, len(indices), 1000):  # the float coordinates of all pixels at once would fill the memory
            sprites = parameters(self.sprite_seed, indices[start : start + 1000], self.orientations)
            images.append(draw(sprites, self.image_size))
            labels.append(sprites["label"])
        return torch.from_numpy(np.concatenate(images)), torch.from_numpy(np.concatenate(labels))
