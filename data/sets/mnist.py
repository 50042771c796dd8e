"""MNIST and Fashion-MNIST (Xiao et al., 2017) from idx files, gzipped or not, in any of several folders.

An idx file: two zero bytes, the type of a number (8 is a byte), the number of dimensions, their sizes, the numbers.
N images.
"""

import math
import struct
from pathlib import Path

import numpy as np
import torch
from torchvision import datasets

from data.base import ImageData
from data.disk.damage import Damaged, ended, exactly, first_existing, unzipped
from data.disk.folder import data_folder
from data.fetch.ledger import advice

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
PARTS = {"train": "train", "test": "t10k"}


def read_idx(path: Path, item_shape: tuple[int, ...]) -> np.ndarray:
    """uint8 (N, *item_shape). Damaged if the file holds anything else."""
    dimensions = len(item_shape) + 1
    with unzipped(path) as file:
        magic, expected = exactly(file, 4).hex(), f"000008{dimensions:02x}"
        if magic != expected:
            raise Damaged(f"{path} starts with {magic}, not {expected}: not an idx file of {dimensions}-d bytes")
        shape = struct.unpack(f">{dimensions}I", exactly(file, 4 * dimensions))
        if shape[1:] != item_shape:
            raise Damaged(f"{path} has the shape {shape}, not (N, {', '.join(map(str, item_shape))})")
        content = exactly(file, math.prod(shape))
        ended(file)
    return np.frombuffer(content, np.uint8).reshape(shape)


class IdxData(ImageData):
    """Grey, 28 x 28, 10 classes: 60,000 train and 10,000 test."""

    num_classes = 10
    more_advice = ""  # another way to get missing files, after the ledger's

    @staticmethod
    def folders() -> list[Path]:
        """Folders that may hold the files, the first to be preferred."""
        raise NotImplementedError

    def arrays(self, split):
        paths = [self.file(f"{PARTS[split]}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
        images, labels = read_idx(paths[0], (28, 28)), read_idx(paths[1], ())
        if len(images) != len(labels):
            raise Damaged(f"{paths[0]} has {len(images):,} images, but {paths[1].name} has {len(labels):,} labels")
        if not len(labels) or labels.max() >= self.num_classes:
            raise Damaged(f"{paths[1]} is empty or has labels outside 0 to {self.num_classes - 1}")
        return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))

    def file(self, name: str) -> Path:
        paths = [folder / f"{name}{suffix}" for folder in self.folders() for suffix in ("", ".gz")]
        return first_existing(paths, f"{advice(type(self))}{self.more_advice}")


class MNIST(IdxData):
    """Handwritten digits (LeCun et al., 1998)."""

    class_names = tuple("0123456789")

    @staticmethod
    def folders():
        return [data_folder() / "mnist", data_folder() / "MNIST" / "raw"]  # the latter is torchvision's


class FashionMNIST(IdxData):
    """Pictures of clothes."""

    class_names = tuple(datasets.FashionMNIST.classes)
    more_advice = ", or: apt-get install dataset-fashion-mnist"

    @staticmethod
    def folders():
        return [data_folder() / "fashion-mnist", data_folder() / "FashionMNIST" / "raw", DEBIAN]
