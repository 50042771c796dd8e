"""One side of a comparison: a split of a set, with hashes and file names of its images.

N images.
"""

import json
import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

import data
from data.base import ImageData
from data.disk.folder import data_folder
from data.pictures.perceptual import Hashes, hashes
from data.pictures.pictures import Pictures
from data.sets.image_folder import ImageFolder

# Images as the set holds them, without a recipe's transforms; 32 pixels for sets that are drawn at any size.
UNCHANGED = dict(
    **dict(image_size=32, batch_size=1, train_on="train", held_out=0.1, split_seed=0, augment=[]),
    **dict(evaluation="resize", resize="vit_jax", seed=0),
)


@dataclass(frozen=True)
class Side:
    """label: the set as typed on the command line; images: those of one of its splits."""

    label: str
    images: torch.Tensor | Pictures

    @cached_property
    def hashes(self) -> Hashes:
        return hashes(self.images)

    def name(self, index: int) -> str:
        """The picture's path in the data folder; empty if the set stores images without names."""
        if not isinstance(self.images, Pictures):
            return ""
        path = Path(self.images.name(index))
        return str(path.relative_to(data_folder())) if path.is_relative_to(data_folder()) else str(path)

    def picture(self, index: int) -> np.ndarray:
        """uint8 (H, W, 3)."""
        image = self.images[index] if isinstance(self.images, torch.Tensor) else self.images.picture(index)
        image = image if image.ndim == 3 else image[None]
        return image.expand(3, -1, -1).permute(1, 2, 0).numpy()


class FolderOfPictures(ImageFolder):
    """The picture files, whose names are reported, instead of a pack of their pixels."""

    def arrays(self, split):
        listing = self.listing(split)
        if self.on_error == "skip":  # a run with it does not count unreadable pictures, so its list may not either
            listing = listing.select(self.find_readable(split, listing.pictures))
        return listing.pictures, torch.from_numpy(listing.labels)


def side(module: ImageData, split: str, label: str | None = None) -> Side:
    """The whole split; the module's `subset` and `without` are ignored."""
    return Side(label or type(module).__name__, module.arrays(split)[0])


def parse_set(text: str) -> ImageData:
    """A set from a line such as 'ImageFolder folder=birds test_share=0.2': its class in `data`, then its arguments.

    ValueError for an unknown class and for arguments that it does not take.
    """
    name, *pairs = shlex.split(text) or [""]
    kind = getattr(data, name.removeprefix("data."), None)
    if not (isinstance(kind, type) and issubclass(kind, ImageData) and kind is not ImageData):
        raise ValueError(f"{text!r}: unknown data set {name!r} (known: {', '.join(known_sets())})")
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ValueError(f"{text!r}: expected NAME=VALUE, got {wrong[0]!r}")
    arguments = {key: value_of(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    kind = FolderOfPictures if kind is ImageFolder else kind
    try:
        return kind(**UNCHANGED | arguments)
    except TypeError as error:  # a missing or unexpected argument
        raise ValueError(f"{text!r}: {error}") from error


def known_sets() -> list[str]:
    return [name for name in data.__all__ if name != "ImageData"]


def value_of(text: str):
    """The JSON value, or the text itself where it is no JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def file_name(text: str) -> str:
    """The line of a set as part of a file name."""
    return re.sub(r"[^\w.]+", "-", text).strip("-")
