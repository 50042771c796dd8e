"""smallNORB-azimuth and smallNORB-elevation of VTAB, from NYU's binary matrix files (LeCun et al., 2004). N images.

A binary matrix: what a number is, how many dimensions, three sizes at least, the numbers; all little-endian, 4 bytes each.
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

    VTAB validates on one half of the test file and tests on the other. Here the held-out images are training ones, as
    in every set, so that nothing is chosen by test toys, and the test is the whole file.
    """

    factor: int  # its column in the info file
    step: int  # the values are 0, step, 2 step ...

    def test_listing(self):
        labels, _ = self.labels_of("test")
        return torch.empty(len(labels), 0, 0, dtype=torch.uint8), labels  # no pixel is read

    def arrays(self, split):
        labels, file = self.labels_of(split)
        place = data_folder() / f"smallnorb-{split}-{digest(Files([file], data_folder()))}.npy"
        return packed(place, (len(labels), SIDE, SIDE), lambda: first_camera(file)), labels

    def labels_of(self, split: str) -> tuple[torch.Tensor, Path]:
        """Labels (N,), and the file of as many images."""
        paths = {kind: self.file(f"{STEMS[split]}-{kind}.mat") for kind in ("dat", "info")}
        with unzipped(paths["info"]) as file:
            length = header(file, paths["info"], np.dtype("<i4"), (4,))
            info = np.frombuffer(exactly(file, length * 4 * 4), "<i4").reshape(length, 4)
            ended(file)
        labels, rest = np.divmod(info[:, self.factor].astype(np.int64), self.step)
        if not length or rest.any() or labels.min() < 0 or labels.max() >= self.num_classes:
            most = self.step * (self.num_classes - 1)
            raise Damaged(f"{paths['info']}: column {self.factor} holds more than 0 to {most} in steps of {self.step}")
        with unzipped(paths["dat"]) as file:
            images = header(file, paths["dat"], np.dtype("u1"), (2, SIDE, SIDE))
        if images != length:
            raise Damaged(f"{paths['dat']} holds {images:,} images and {paths['info'].name} {length:,} rows")
        return torch.from_numpy(labels), paths["dat"]

    def file(self, name: str) -> Path:
        folders = data_folder() / "smallnorb", data_folder()
        places = [folder / f"{name}{zipped}" for folder in folders for zipped in ("", ".gz")]
        return first_existing(places, advice(type(self)))


class SmallNORBAzimuth(SmallNORB):
    """From which of 18 sides, every 20 degrees, the toy is seen."""

    num_classes = 18
    factor, step = 2, 2


class SmallNORBElevation(SmallNORB):
    """From which of 9 heights, 30 to 70 degrees, the toy is seen."""

    num_classes = 9
    factor, step = 1, 1


def header(file: BinaryIO, path: Path, dtype: np.dtype, each: tuple[int, ...]) -> int:
    """N of a matrix (N, *each) of that type; the file then stands at its numbers."""
    magic, dimensions = struct.unpack("<2I", exactly(file, 8))
    if MAGIC.get(magic) != dtype or dimensions != len(each) + 1:
        raise Damaged(f"{path} starts with {magic:#x} and {dimensions}: no {dtype} {len(each) + 1}-d matrix")
    sizes = struct.unpack(f"<{max(3, dimensions)}I", exactly(file, 4 * max(3, dimensions)))
    if sizes[1:dimensions] != each:
        raise Damaged(f"{path} holds {sizes[:dimensions]}, not (N, {', '.join(map(str, each))})")
    return sizes[0]


def first_camera(path: Path) -> Iterator[np.ndarray]:
    """Its images, uint8 (up to 100, 96, 96) at a time."""
    each = 2, SIDE, SIDE
    with unzipped(path) as file:
        length = header(file, path, np.dtype("u1"), each)
        for first in range(0, length, BLOCK):
            count = min(BLOCK, length - first)
            yield np.frombuffer(exactly(file, count * math.prod(each)), np.uint8).reshape(count, *each)[:, 0]
        ended(file)
