"""dSprites-location and dSprites-orientation of VTAB, from the published npz (Matthey et al., 2017). N images."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from data.base import ImageData
from data.disk.damage import NPZ_ERRORS, Damaged, ended, exactly, first_existing, reading
from data.disk.folder import data_folder
from data.disk.pack import packed
from data.draws import permutation
from data.fetch.ledger import advice
from data.pictures.decoded_once import digest
from data.pictures.pictures import Files

NAME = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
SIDE = 64
BLOCK = 1000  # images at a time, 4 MB; all of them are 3 GB
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class DSprites(ImageData):
    """64 x 64, black and white, 16 classes: four fifths of the 737,280 images train, a tenth test.

    VTAB takes 80, 10 and 10 percent in the order in which TFDS stores the images, which cannot be known without it: the
    parts are our own, from a seeded order. Its middle part, for validation, is left out: held-out images are training ones.
    The labels are a factor's values floor-divided into 16 classes, pixels are 0 or 255, as VTAB has both.
    """

    num_classes = 16
    one_source = True
    factor: int  # its column in latents_classes
    values: int  # how many it has

    def arrays(self, split):
        path = first_existing([data_folder() / "dsprites" / NAME, data_folder() / NAME], advice(type(self)))
        factors = latents(path)
        rows = part(len(factors), split)
        of_each = factors[rows, self.factor]
        if of_each.min() < 0 or of_each.max() >= self.values:
            raise Damaged(f"{path}: latents_classes, column {self.factor}, holds more than 0 to {self.values - 1}")
        place = data_folder() / f"dsprites-{split}-{digest(Files([path], data_folder()))}.npy"
        images = packed(place, (len(rows), SIDE, SIDE), lambda: pixels(path, rows, len(factors)))
        return images, torch.from_numpy(of_each * self.num_classes // self.values)


class DSpritesLocation(DSprites):
    """Where the shape is from left to right: 32 places, two a class."""

    factor, values = 4, 32


class DSpritesOrientation(DSprites):
    """How far the shape is turned: 40 angles, three and two a class in turn (VTAB: floor of the angle's number / 2.5)."""

    factor, values = 3, 40


def part(length: int, split: str) -> np.ndarray:
    """Sorted rows of a split."""
    order = permutation(length, 0)
    rows = order[: length * 80 // 100] if split == "train" else order[length * 90 // 100 :]
    if not len(rows):
        raise ValueError(f"{length} images are too few to be divided")
    return np.sort(rows)


@contextmanager
def member(path: Path, name: str, dtype: str, each: tuple[int, ...]) -> Iterator[tuple[BinaryIO, int]]:
    """An array (N, *each) of the npz: its numbers as a stream, and N. Nothing is unpickled."""
    with reading(path, *NPZ_ERRORS), zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        header = HEADERS[np.lib.format.read_magic(file)]
        shape, turned, found = header(file)
        if turned or found != np.dtype(dtype) or shape[1:] != each or shape[0] < 0:
            raise Damaged(f"{path}: {name} is {found} {shape}, not {dtype} (N, {', '.join(map(str, each))})")
        yield file, shape[0]


def latents(path: Path) -> np.ndarray:
    """int64 (N, 6): which value of each factor, in the order colour, shape, scale, orientation, x, y."""
    with member(path, "latents_classes", "<i8", (6,)) as (file, length):
        data = exactly(file, length * 6 * 8)
        ended(file)
    return np.frombuffer(data, "<i8").reshape(length, 6)


def pixels(path: Path, rows: np.ndarray, total: int) -> Iterator[np.ndarray]:
    """The images of those rows of `total`, uint8 (up to 1000, 64, 64) at a time; rows: sorted."""
    with member(path, "imgs", "|u1", (SIDE, SIDE)) as (file, length):
        if length != total:
            raise Damaged(f"{path} holds {length:,} images and {total:,} rows of latents_classes")
        for first in range(0, length, BLOCK):
            count = min(BLOCK, length - first)
            block = np.frombuffer(exactly(file, count * SIDE * SIDE), np.uint8).reshape(count, SIDE, SIDE)
            if block.max(initial=0) > 1:
                raise Damaged(f"{path}: imgs holds more than 0 and 1")
            inside = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + count)]
            yield 255 * block[inside - first]
        ended(file)
