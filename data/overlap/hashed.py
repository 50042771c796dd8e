"""One side of a comparison: a split of a set, with hashes of its images and what a person finds them by.

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

# Images as they are, not as a recipe wants them; 32 pixels where a set is drawn at the size that is asked for.
AS_THEY_ARE = dict(
    **dict(image_size=32, batch_size=1, train_on="train", held_out=0.1, split_seed=0, augment=[]),
    **dict(evaluation="resize", resize="vit_jax", seed=0),
)


@dataclass(frozen=True)
class Side:
    """label: the set in words; images: of one of its splits."""

    label: str
    images: torch.Tensor | Pictures

    @cached_property
    def hashes(self) -> Hashes:
        return hashes(self.images)

    def name(self, index: int) -> str:
        """The picture's place in the data folder; empty where images have only a number."""
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
    """The pictures themselves, which have names, not a pack of them."""

    def arrays(self, split):
        listing = self.listing(split)
        if self.on_error == "skip":  # a run with it does not count them, so a list for that run may not either
            listing = listing.select(self.find_readable(split, listing.pictures))
        return listing.pictures, torch.from_numpy(listing.labels)


def side(module: ImageData, split: str, label: str | None = None) -> Side:
    """The whole split, whatever the module's `subset` and `without`."""
    return Side(label or type(module).__name__, module.arrays(split)[0])


def given(words: str) -> ImageData:
    """A set from a line such as 'ImageFolder folder=birds test_share=0.2': its class in `data`, then its arguments."""
    name, *pairs = shlex.split(words) or [""]
    kind = getattr(data, name.removeprefix("data."), None)
    if not (isinstance(kind, type) and issubclass(kind, ImageData) and kind is not ImageData):
        raise ValueError(f"{words!r}: {name!r} is no set; known are {', '.join(known())}")
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ValueError(f"{words!r}: NAME=VALUE was expected, found {wrong[0]!r}")
    arguments = {key: value_of(text) for key, _, text in (pair.partition("=") for pair in pairs)}
    kind = FolderOfPictures if kind is ImageFolder else kind
    try:
        return kind(**AS_THEY_ARE | arguments)
    except TypeError as error:  # an argument that is missing or that the set does not have
        raise ValueError(f"{words!r}: {error}") from error


def known() -> list[str]:
    return [name for name in data.__all__ if name != "ImageData"]


def value_of(text: str):
    """JSON, or else the text as it stands."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def file_name(words: str) -> str:
    """The same line as part of a file's name."""
    return re.sub(r"[^\w.]+", "-", words).strip("-")
