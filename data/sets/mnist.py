"""MNIST and Fashion-MNIST (Xiao et al., 2017) from idx files, gzipped or not, wherever they lie.

An idx file: two zero bytes, the type of a number (8 is a byte), how many dimensions, their sizes, the numbers; N images.
"""

import math
import struct
from pathlib import Path

import numpy as np
import torch

from data.base import ImageData
from data.disk.damage import Damaged, ended, exactly, first_existing, unzipped
from data.disk.folder import data_folder
from data.fetch.ledger import advice

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
PARTS = {"train": "train", "test": "t10k"}


def numbers(path: Path, each: tuple[int, ...]) -> np.ndarray:
    """uint8 (N, *each). Damaged if the file is anything else."""
    with unzipped(path) as file:
        magic, wanted = exactly(file, 4).hex(), f"000008{len(each) + 1:02x}"
        if magic != wanted:
            raise Damaged(f"{path} starts with {magic}, not with {wanted}: no idx file of {len(each) + 1}-d bytes")
        shape = struct.unpack(f">{len(each) + 1}I", exactly(file, 4 * (len(each) + 1)))
        if shape[1:] != each:
            raise Damaged(f"{path} holds {shape}, not (N, {', '.join(map(str, each))})")
        data = exactly(file, math.prod(shape))
        ended(file)
    return np.frombuffer(data, np.uint8).reshape(shape)


class IdxData(ImageData):
    """Grey, 28 x 28, 10 classes: 60,000 train and 10,000 test."""

    num_classes = 10
    besides = ""  # what else than the ledger's advice to do where the files are missing

    @staticmethod
    def folders() -> list[Path]:
        """Where they may lie."""
        raise NotImplementedError

    def arrays(self, split):
        paths = [self.file(f"{PARTS[split]}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
        images, labels = numbers(paths[0], (28, 28)), numbers(paths[1], ())
        if len(images) != len(labels):
            raise Damaged(f"{paths[0]} holds {len(images):,} images and {paths[1].name} {len(labels):,} labels")
        if not len(labels) or labels.max() >= self.num_classes:
            raise Damaged(f"{paths[1]} holds no labels from 0 to {self.num_classes - 1}")
        return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))

    def file(self, name: str) -> Path:
        places = [folder / f"{name}{zipped}" for folder in self.folders() for zipped in ("", ".gz")]
        return first_existing(places, f"{advice(type(self))}{self.besides}")


class MNIST(IdxData):
    """Handwritten digits (LeCun et al., 1998)."""

    @staticmethod
    def folders():
        return [data_folder() / "mnist", data_folder() / "MNIST" / "raw"]  # the latter is torchvision's


class FashionMNIST(IdxData):
    """Pictures of clothes."""

    besides = ", or: apt-get install dataset-fashion-mnist"

    @staticmethod
    def folders():
        return [data_folder() / "fashion-mnist", data_folder() / "FashionMNIST" / "raw", DEBIAN]
