"""smallNORB-azimuth and smallNORB-elevation of VTAB, from NYU's binary matrix files (LeCun et al., 2004). N images.

A binary matrix: the type of a number, the number of dimensions, at least three sizes, the numbers; all little-endian. The
type, the number of dimensions and the sizes have 4 bytes each.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from data.base import ImageData
from data.disk.damage import Damaged, ended, exactly, first_existing, unzipped
from data.disk.folder import data_folder
from data.disk.pack import packed
from data.fetch.ledger import advice
from data.pictures.decoded_once import digest
from data.pictures.pictures import Files

SIDE = 96
BLOCK = 100  # pairs of images at a time
MAGIC = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}
STEMS = {"train": "smallnorb-5x46789x9x18x6x2x96x96-training", "test": "smallnorb-5x01235x9x18x6x2x96x96-testing"}


class SmallNORB(ImageData):
    """96 x 96, grey, the first of two cameras: 24,300 train and 24,300 test, of other toys.

    VTAB validates on one half of the test file and tests on the other. Here the whole file is the test split and
    validation images are held out from the training split, as in every set, so that nothing is selected on test toys.
    """

    factor: int  # its column in the info file
    step: int  # the values are 0, step, 2 step ...

    def test_listing(self):
        labels, _ = self.labels_of("test")
        return torch.empty(len(labels), 0, 0, dtype=torch.uint8), labels  # no pixel is read

    def arrays(self, split):
        labels, path = self.labels_of(split)
        pack = data_folder() / f"smallnorb-{split}-{digest(Files([path], data_folder()))}.npy"
        return packed(pack, (len(labels), SIDE, SIDE), lambda: first_camera(path)), labels

    def labels_of(self, split: str) -> tuple[torch.Tensor, Path]:
        """Labels (N,), and the file of as many images."""
        paths = {kind: self.file(f"{STEMS[split]}-{kind}.mat") for kind in ("dat", "info")}
        with unzipped(paths["info"]) as file:
            length = read_header(file, paths["info"], np.dtype("<i4"), (4,))
            info = np.frombuffer(exactly(file, length * 4 * 4), "<i4").reshape(length, 4)
            ended(file)
        labels, rest = np.divmod(info[:, self.factor].astype(np.int64), self.step)
        if not length or rest.any() or labels.min() < 0 or labels.max() >= self.num_classes:
            highest = self.step * (self.num_classes - 1)
            raise Damaged(
                f"{paths['info']} is empty, or column {self.factor} has values other than 0 to {highest} in steps of"
                f" {self.step}"
            )
        with unzipped(paths["dat"]) as file:
            images = read_header(file, paths["dat"], np.dtype("u1"), (2, SIDE, SIDE))
        if images != length:
            raise Damaged(f"{paths['dat']} has {images:,} images, but {paths['info'].name} has {length:,} rows")
        return torch.from_numpy(labels), paths["dat"]

    def file(self, name: str) -> Path:
        folders = data_folder() / "smallnorb", data_folder()
        return first_existing(
            [folder / f"{name}{suffix}" for folder in folders for suffix in ("", ".gz")], advice(type(self))
        )


class SmallNORBAzimuth(SmallNORB):
    """The side from which the toy is seen: 18, every 20 degrees."""

    num_classes = 18
    factor, step = 2, 2


class SmallNORBElevation(SmallNORB):
    """The height from which the toy is seen: 9, from 30 to 70 degrees."""

    num_classes = 9
    factor, step = 1, 1


def read_header(file: BinaryIO, path: Path, dtype: np.dtype, item_shape: tuple[int, ...]) -> int:
    """N of a matrix (N, *item_shape) of that type; leaves the file at the first number."""
    magic, dimensions = struct.unpack("<2I", exactly(file, 8))
    expected = len(item_shape) + 1
    if MAGIC.get(magic) != dtype or dimensions != expected:
        raise Damaged(f"{path} starts with {magic:#x} and {dimensions}: not a {expected}-d matrix of {dtype}")
    sizes = struct.unpack(f"<{max(3, dimensions)}I", exactly(file, 4 * max(3, dimensions)))
    if sizes[1:dimensions] != item_shape:
        raise Damaged(f"{path} has the shape {sizes[:dimensions]}, not (N, {', '.join(map(str, item_shape))})")
    return sizes[0]


def first_camera(path: Path) -> Iterator[np.ndarray]:
    """Its images, uint8 (up to 100, 96, 96) at a time."""
    item_shape = 2, SIDE, SIDE
    with unzipped(path) as file:
        length = read_header(file, path, np.dtype("u1"), item_shape)
        for start in range(0, length, BLOCK):
            count = min(BLOCK, length - start)
            pairs = np.frombuffer(exactly(file, count * math.prod(item_shape)), np.uint8).reshape(count, *item_shape)
            yield pairs[:, 0]
        ended(file)
