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

    VTAB splits 80, 10 and 10 percent in the order in which TFDS stores the images, which cannot be known without it:
    this split follows a seeded order. VTAB's middle part, for validation, is unused: validation images are held out from
    the training split. As in VTAB, labels are a factor's values floor-divided into 16 classes, and pixels are 0 or 255.
    """

    num_classes = 16
    one_source = True
    factor: int  # its column in latents_classes
    values: int  # the number of its values

    def arrays(self, split):
        path = first_existing([data_folder() / "dsprites" / NAME, data_folder() / NAME], advice(type(self)))
        factors = latents(path)
        rows = split_rows(len(factors), split)
        column = factors[rows, self.factor]
        if column.min() < 0 or column.max() >= self.values:
            raise Damaged(f"{path}: latents_classes, column {self.factor}, has values outside 0 to {self.values - 1}")
        pack = data_folder() / f"dsprites-{split}-{digest(Files([path], data_folder()))}.npy"
        images = packed(pack, (len(rows), SIDE, SIDE), lambda: pixels(path, rows, len(factors)))
        return images, torch.from_numpy(column * self.num_classes // self.values)


class DSpritesLocation(DSprites):
    """The horizontal position of the shape: 32 positions, two per class."""

    factor, values = 4, 32


class DSpritesOrientation(DSprites):
    """The rotation of the shape: 40 angles, alternately three and two per class (VTAB: floor of the angle's number / 2.5)."""

    factor, values = 3, 40


def split_rows(length: int, split: str) -> np.ndarray:
    """Sorted rows of a split."""
    order = permutation(length, 0)
    rows = order[: length * 80 // 100] if split == "train" else order[length * 90 // 100 :]
    if not len(rows):
        raise ValueError(f"dSprites: {length} images are too few to have a {split} split")
    return np.sort(rows)


@contextmanager
def opened_array(path: Path, name: str, dtype: str, item_shape: tuple[int, ...]) -> Iterator[tuple[BinaryIO, int]]:
    """An array (N, *item_shape) of the npz: a stream of its numbers, and N. Nothing is unpickled."""
    with reading(path), zipfile.ZipFile(path) as archive:
        with reading(path, *NPZ_ERRORS):  # around the header only: a TypeError of the caller is not the file's
            file = archive.open(f"{name}.npy")
            version = np.lib.format.read_magic(file)
            if version not in HEADERS:
                raise Damaged(f"{path}: {name} has version {version} of the npy format, not (1, 0) or (2, 0)")
            shape, fortran_order, actual = HEADERS[version](file)
        if fortran_order or actual != np.dtype(dtype) or shape[1:] != item_shape or shape[0] < 0:
            raise Damaged(f"{path}: {name} is {actual} {shape}, not {dtype} (N, {', '.join(map(str, item_shape))})")
        with file:
            yield file, shape[0]


def latents(path: Path) -> np.ndarray:
    """int64 (N, 6): the number of each factor's value, in the order color, shape, scale, orientation, x, y."""
    with opened_array(path, "latents_classes", "<i8", (6,)) as (file, length):
        content = exactly(file, length * 6 * 8)
        ended(file)
    return np.frombuffer(content, "<i8").reshape(length, 6)


def pixels(path: Path, rows: np.ndarray, total: int) -> Iterator[np.ndarray]:
    """Images uint8 (up to 1000, 64, 64) at a time, of the sorted rows out of `total`."""
    with opened_array(path, "imgs", "|u1", (SIDE, SIDE)) as (file, length):
        if length != total:
            raise Damaged(f"{path} has {length:,} images, but latents_classes has {total:,} rows")
        for start in range(0, length, BLOCK):
            count = min(BLOCK, length - start)
            block = np.frombuffer(exactly(file, count * SIDE * SIDE), np.uint8).reshape(count, SIDE, SIDE)
            if block.max(initial=0) > 1:
                raise Damaged(f"{path}: imgs has values other than 0 and 1")
            block_rows = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + count)]
            yield 255 * block[block_rows - start]
        ended(file)
