"""Fractals as data sets: the public stand-in for ImageNet-21k and JFT-300M, and a transfer task of unseen categories."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Literal

import numpy as np
import torch

from data.base import ImageData
from data.batches.batches import Batches
from data.batches.splits import random_subset
from data.disk.folder import data_folder
from data.disk.pack import packed
from data.disk.room import check_memory
from data.fractals.ifs import search
from data.fractals.lazy import Grid, LazyArray
from data.fractals.rendered import Rendered, check_room, rendered
from data.values import check, integer

RENDERER = 2  # version, part of a pack's name; raise it when a correction changes the images
LIMIT = 1_000_000  # categories and instances of training sets are numbered below it, those of other parts above
HELD_OUT, TEST = 1 * LIMIT, 2 * LIMIT  # first instance of these parts
UNSEEN = LIMIT  # first category of the transfer task
BLOCK = 2**22  # pixels rendered between two writes to a pack
CACHE_FROM = 10_000  # categories; the search for so many takes more than a second, so a file keeps its result
SHUFFLE_BYTES = 40  # memory per image of a shuffled set: its label and the temporaries of the permutation


def grid(categories: int, instances: int) -> tuple[np.ndarray, np.ndarray]:
    """Category and instance of each image of a set, category by category."""
    return np.repeat(np.arange(categories), instances), np.tile(np.arange(instances), categories)


@lru_cache(maxsize=8)
def attempts(seed: int, categories: int) -> np.ndarray:
    """Accepted attempt of each of the first `categories` categories (data.fractals.ifs.search), uint8."""
    blocks = partial(search, seed, np.arange(categories))
    if categories < CACHE_FROM:
        return np.concatenate(list(blocks()))
    path = data_folder() / f"fractals{RENDERER}-attempts-{categories}-seed{seed}.npy"
    return packed(path, (categories,), blocks).numpy()


def in_range(name: str, value: int) -> int:
    if not integer(value) or not 1 <= value <= LIMIT:
        raise ValueError(f"{name} must be a whole number from 1 to {LIMIT:,}, not {value!r}")
    return value


class Fractals(ImageData):
    """`categories` x `instances` training images; a set of fewer categories or instances is a subset.

    validation "further": validates on further instances of the same categories and trains on all training images, of
    which `subset` and `split_seed` choose a part; `held_out` has no effect. "held_out": holds out training images, as
    other sets do. Test images are further instances, too: one per category, at least 500.
    color: a hue and a background by instance, instead of white on black.
    packed: renders all training images once, into a file. Otherwise they are rendered whenever they are needed, on the
    GPU if there is one and no worker processes load data; the images are the same. With packed false, validation
    "further" and subset 1 no array of the set's length is made, so it may have 10^12 images; in all other cases a set
    that exceeds memory or disk is refused.
    """

    one_source = True

    def __init__(
        self,
        *,
        categories: int,
        instances: int,
        fractal_seed: int,
        validation: Literal["further", "held_out"] = "further",
        color: bool = False,
        packed: bool = True,
        **common,
    ):
        super().__init__(**common)
        check(validation=validation, color=color, packed=packed, fractal_seed=fractal_seed)
        self.validation, self.color, self.packed = validation, color, packed
        self.num_classes = self.categories = in_range("categories", categories)
        self.instances, self.fractal_seed = in_range("instances", instances), fractal_seed

    def prepare_data(self) -> None:
        self.training_images()

    def training_images(self) -> torch.Tensor | Rendered:
        """The pack, which the first use writes, or with packed false the images rendered on demand."""
        if not self.packed:
            return self.lazy_images()
        size, kind = self.image_size, "-colour" if self.color else ""  # spelled as in the names of existing packs
        name = f"fractals{RENDERER}{kind}-{self.categories}x{self.instances}-{size}px-seed{self.fractal_seed}.npy"
        shape = (self.categories * self.instances, *[3] * self.color, size, size)
        return packed(data_folder() / name, shape, self.blocks)

    def lazy_images(self) -> Rendered:
        """All training images; category, instance and attempt of each are computed from its index on demand."""
        images, count = Grid(self.instances, self.attempts()), self.categories * self.instances
        arrays = (LazyArray(count, function) for function in (images.category, images.instance, images.attempt))
        return Rendered(self.fractal_seed, *arrays, self.image_size, self.color)

    def attempts(self) -> np.ndarray:
        return attempts(self.fractal_seed, self.categories)

    def blocks(self) -> Iterator[np.ndarray]:
        images = self.lazy_images()
        step = max(1, BLOCK // self.image_size**2)
        for start in range(0, len(images), step):
            yield images[np.arange(start, min(start + step, len(images)))].numpy()

    def arrays(self, split):
        if split == "test":
            return self.further(TEST)
        count = self.categories * self.instances
        check_memory(
            f"{count:,} fractals ({self.categories:,} categories x {self.instances:,} instances)",
            SHUFFLE_BYTES * count,
            "categories or instances, or set validation: further, subset: 1 and packed: false",
        )
        return self.training_images(), torch.arange(self.categories).repeat_interleave(self.instances)

    def training_parts(self) -> dict[str, Batches]:
        if self.validation == "held_out":
            return super().training_parts()
        if self.packed or self.subset != 1 or self.without or self.on_error == "skip":
            images, labels = self.training_arrays()
        else:  # labels are lazy as well: a set of 10^12 images takes no memory
            images = self.training_images()
            labels = images.categories
        chosen = None if self.subset == 1 else random_subset(len(labels), self.subset, self.split_seed)
        parts = {"train": self.make_part(images, labels, chosen=chosen, augmented=True)}
        if self.train_on == "train":
            parts["val"] = self.make_part(*self.further(HELD_OUT))
        return parts

    def further(self, first_instance: int) -> tuple[torch.Tensor | Rendered, torch.Tensor]:
        """Images and labels of instances from `first_instance` on, of all categories in turn; not in any training set."""
        offsets, categories = np.divmod(np.arange(max(500, self.categories)), self.categories)
        images = rendered(
            self.fractal_seed, categories, first_instance + offsets,
            size=self.image_size, color=self.color, attempts=self.attempts()[categories],
        )  # fmt: skip
        return images.all() if self.packed else images, torch.from_numpy(categories)


class UnseenFractals(ImageData):
    """Transfer: categories that no pre-training set contains; `instances` train images of each, 25 test images."""

    one_source = True
    test_instances = 25
    fractal_seed = 0  # one fixed task

    def __init__(self, *, categories: int, instances: int, color: bool = False, **common):
        super().__init__(**common)
        check(color=color)
        self.num_classes = self.categories = in_range("categories", categories)
        self.instances, self.color = in_range("instances", instances), color

    def arrays(self, split):
        first, count = (0, self.instances) if split == "train" else (TEST, self.test_instances)
        check_room(self.categories * count, self.image_size, self.color)
        labels, instances = grid(self.categories, count)
        images = rendered(self.fractal_seed, UNSEEN + labels, first + instances, size=self.image_size, color=self.color)
        return images.all(), torch.from_numpy(labels)
