"""Fractals as data sets: the public stand-in for ImageNet-21k and JFT-300M, and a transfer task of unseen ones."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Literal

import numpy as np
import torch

from data.base import ImageData
from data.batches.batches import Batches
from data.batches.splits import part_of
from data.disk.folder import data_folder
from data.disk.pack import packed
from data.disk.room import check_memory
from data.fractals.ifs import search
from data.fractals.lazy import Grid, WorkedOut
from data.fractals.rendered import Rendered, check_room, rendered
from data.values import check, whole

RENDERER = 2  # part of a pack's name; raise it when a correction changes the images
LIMIT = 1_000_000  # categories and instances of training sets lie below it
HELD_OUT, TEST = 1 * LIMIT, 2 * LIMIT  # first instance of these parts
UNSEEN = LIMIT  # first category of the transfer task
BLOCK = 2**22  # pixels drawn between two writes
MANY = 10_000  # categories whose search takes more than a second: what it finds is kept in a file
DIVIDED = 40  # bytes of memory an image, where a random order of all is drawn: its label, and what that takes


def grid(categories: int, instances: int) -> tuple[np.ndarray, np.ndarray]:
    """Category and instance of each image of a set, category by category."""
    return np.repeat(np.arange(categories), instances), np.tile(np.arange(instances), categories)


@lru_cache(maxsize=8)
def attempts(seed: int, categories: int) -> np.ndarray:
    """At which attempt each of the first `categories` categories was accepted, uint8: searched for once."""
    found = partial(search, seed, np.arange(categories))
    if categories < MANY:
        return np.concatenate(list(found()))
    return packed(
        data_folder() / f"fractals{RENDERER}-attempts-{categories}-seed{seed}.npy", (categories,), found
    ).numpy()


def in_range(name: str, value: int) -> int:
    if not whole(value) or not 1 <= value <= LIMIT:
        raise ValueError(f"{name} is a whole number from 1 to {LIMIT:,}, not {value!r}")
    return value


class Fractals(ImageData):
    """`categories` x `instances` training images; a set of fewer categories or instances is a subset.

    validation "further": further instances of the same categories, so that none is taken from training, whatever
    `held_out` is; `subset` and `split_seed` then choose among all training images. "held_out": a part of the training
    images, as in any other set. Test images are others again, like further ones: one a category, 500 at least.
    colour: hue and ground by instance, instead of white on black. packed: drawn once, into a file; else whenever they
    are needed, by the GPU if there is one, unless workers draw them. The images are the same. Not packed, with "further"
    and the whole set, nothing is kept of any image, so that there may be 10^12; otherwise a set without room is refused.
    """

    one_source = True

    def __init__(
        self,
        *,
        categories: int,
        instances: int,
        fractal_seed: int,
        validation: Literal["further", "held_out"] = "further",
        colour: bool = False,
        packed: bool = True,
        **common,
    ):
        super().__init__(**common)
        check(validation=validation, colour=colour, packed=packed, fractal_seed=fractal_seed)
        self.validation, self.colour, self.packed = validation, colour, packed
        self.num_classes = self.categories = in_range("categories", categories)
        self.instances, self.fractal_seed = in_range("instances", instances), fractal_seed

    def prepare_data(self) -> None:
        self.training_images()

    def training_images(self) -> torch.Tensor | Rendered:
        """The pack, a file that the first use makes, or what draws the same."""
        if not self.packed:
            return self.every()
        size, kind = self.image_size, "-colour" if self.colour else ""
        name = f"fractals{RENDERER}{kind}-{self.categories}x{self.instances}-{size}px-seed{self.fractal_seed}.npy"
        shape = (self.categories * self.instances, *[3] * self.colour, size, size)
        return packed(data_folder() / name, shape, self.blocks)

    def every(self) -> Rendered:
        """All training images; what each shows is worked out when it is asked for."""
        grid, count = Grid(self.instances, self.attempts()), self.categories * self.instances
        numbers = (WorkedOut(count, of) for of in (grid.category, grid.instance, grid.attempt))
        return Rendered(self.fractal_seed, *numbers, self.image_size, self.colour)

    def attempts(self) -> np.ndarray:
        return attempts(self.fractal_seed, self.categories)

    def blocks(self) -> Iterator[np.ndarray]:
        drawn = self.every()
        step = max(1, BLOCK // self.image_size**2)
        for first in range(0, len(drawn), step):
            yield drawn[np.arange(first, min(first + step, len(drawn)))].numpy()

    def arrays(self, split):
        if split == "test":
            return self.further(TEST)
        count = self.categories * self.instances
        told = f"{count:,} fractals ({self.categories:,} categories x {self.instances:,} instances)"
        check_memory(told, DIVIDED * count, "either, or take validation 'further', subset 1 and packed: false")
        return self.training_images(), torch.arange(self.categories).repeat_interleave(self.instances)

    def training_parts(self) -> dict[str, Batches]:
        if self.validation == "held_out":
            return super().training_parts()
        if self.packed or self.subset != 1 or self.without or self.on_error == "skip":
            images, labels = self.training_arrays()
        else:  # nothing is kept of any image
            images = self.training_images()
            labels = images.categories
        chosen = None if self.subset == 1 else part_of(len(labels), self.subset, self.split_seed)
        parts = {"train": self.part(images, labels, chosen=chosen, augmented=True)}
        if self.train_on == "train":
            parts["val"] = self.part(*self.further(HELD_OUT))
        return parts

    def further(self, first: int) -> tuple[torch.Tensor | Rendered, torch.Tensor]:
        """Instances of all categories that are in no training set, counted from `first` on."""
        turn, categories = np.divmod(np.arange(max(500, self.categories)), self.categories)
        drawn = rendered(
            self.fractal_seed, categories, first + turn,
            size=self.image_size, colour=self.colour, attempts=self.attempts()[categories],
        )  # fmt: skip
        return drawn.all() if self.packed else drawn, torch.from_numpy(categories)


class UnseenFractals(ImageData):
    """Transfer: categories that no pre-training set contains; `instances` train images of each, 25 test images."""

    one_source = True
    test_instances = 25
    fractal_seed = 0  # one fixed task

    def __init__(self, *, categories: int, instances: int, colour: bool = False, **common):
        super().__init__(**common)
        check(colour=colour)
        self.num_classes = self.categories = in_range("categories", categories)
        self.instances, self.colour = in_range("instances", instances), colour

    def arrays(self, split):
        first, count = (0, self.instances) if split == "train" else (TEST, self.test_instances)
        check_room(self.categories * count, self.image_size, self.colour)
        labels, instances = grid(self.categories, count)
        drawn = rendered(
            self.fractal_seed, UNSEEN + labels, first + instances, size=self.image_size, colour=self.colour
        )
        return drawn.all(), torch.from_numpy(labels)
