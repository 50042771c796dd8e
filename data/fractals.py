"""Fractals as data sets: the public stand-in for ImageNet-21k and JFT-300M, and a transfer task of unseen ones."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from data.base import Batches, ImageData
from data.folder import data_folder
from data.ifs import images
from data.pack import packed
from data.splits import part_of

RENDERER = 2  # part of a pack's name; raise it when a correction changes the images
LIMIT = 1_000_000  # categories and instances of training sets lie below it
HELD_OUT, TEST = 1 * LIMIT, 2 * LIMIT  # first instance of these parts
UNSEEN = LIMIT  # first category of the transfer task
BLOCK = 2**22  # pixels drawn between two writes


def grid(categories: int, instances: int) -> tuple[np.ndarray, np.ndarray]:
    """Category and instance of each image of a set, category by category."""
    return np.repeat(np.arange(categories), instances), np.tile(np.arange(instances), categories)


def in_range(name: str, value: int) -> int:
    if not 1 <= value <= LIMIT:
        raise ValueError(f"{name} lies between 1 and {LIMIT:,}, not at {value:,}")
    return value


class Fractals(ImageData):
    """`categories` x `instances` training images, grey; a set of fewer categories or instances is a subset.

    validation "further": further instances of the same categories, so that none is taken from training, whatever
    `held_out` is; `subset` and `split_seed` then choose among all training images. "held_out": a part of the training
    images, as in any other set. Test images are others again, like further ones: one a category, 500 at least.
    """

    def __init__(
        self,
        *,
        categories: int,
        instances: int,
        fractal_seed: int,
        validation: Literal["further", "held_out"] = "further",
        **common,
    ):
        super().__init__(**common)
        if validation not in ("further", "held_out"):
            raise ValueError(f"validation is 'further' or 'held_out', not {validation!r}")
        self.validation = validation
        self.num_classes = self.categories = in_range("categories", categories)
        self.instances, self.fractal_seed = in_range("instances", instances), fractal_seed

    def prepare_data(self) -> None:
        self.pack()

    def pack(self) -> torch.Tensor:
        """The training images (N, S, S), from a file that the first use makes."""
        size = self.image_size
        name = f"fractals{RENDERER}-{self.categories}x{self.instances}-{size}px-seed{self.fractal_seed}.npy"
        return packed(data_folder() / name, (self.categories * self.instances, size, size), self.blocks)

    def blocks(self) -> Iterator[np.ndarray]:
        categories, instances = grid(self.categories, self.instances)
        step = max(1, BLOCK // self.image_size**2)
        for first in range(0, len(categories), step):
            part = slice(first, first + step)
            yield images(self.fractal_seed, categories[part], instances[part], self.image_size).numpy()

    def arrays(self, split):
        if split == "train":
            return self.pack(), torch.from_numpy(grid(self.categories, self.instances)[0])
        return self.further(TEST)

    def training_parts(self) -> dict[str, Batches]:
        if self.validation == "held_out":
            return super().training_parts()
        images, labels = self.training_arrays()
        chosen = None if self.subset == 1 else part_of(len(labels), self.subset, self.split_seed)
        parts = {"train": self.part(images, labels, chosen=chosen, augmented=True)}
        if self.train_on == "train":
            parts["val"] = self.part(*self.further(HELD_OUT))
        return parts

    def further(self, first: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Instances of all categories that are in no training set, counted from `first` on."""
        turn, categories = np.divmod(np.arange(max(500, self.categories)), self.categories)
        drawn = images(self.fractal_seed, categories, first + turn, self.image_size)
        return drawn, torch.from_numpy(categories)


class UnseenFractals(ImageData):
    """Transfer: categories that no pre-training set contains; `instances` train images of each, 25 test images."""

    test_instances = 25
    fractal_seed = 0  # one fixed task

    def __init__(self, *, categories: int, instances: int, **common):
        super().__init__(**common)
        self.num_classes = self.categories = in_range("categories", categories)
        self.instances = in_range("instances", instances)

    def arrays(self, split):
        first, count = (0, self.instances) if split == "train" else (TEST, self.test_instances)
        labels, instances = grid(self.categories, count)
        drawn = images(self.fractal_seed, UNSEEN + labels, first + instances, self.image_size)
        return drawn, torch.from_numpy(labels)
