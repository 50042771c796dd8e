"""The transfer sets of the paper (section 4.1) that torchvision reads, downloaded by `python -m data fetch NAME`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import datasets

from data.base import ImageData
from data.disk.folder import data_folder
from data.fetch.ledger import advice
from data.pictures.pictures import Files

INCOMPLETE = (RuntimeError, FileNotFoundError, NotADirectoryError)  # torchvision's, for missing and damaged files


@contextmanager
def torchvision_errors(kind: type) -> Iterator[None]:
    """Errors of a torchvision constructor become one line: how to get the files or the package of a data module."""
    try:
        yield
    except INCOMPLETE as error:
        raise incomplete(kind) from error
    except ModuleNotFoundError as error:
        raise ImportError(f"{kind.__name__} needs {error.name}: pip install {error.name}") from error


def incomplete(kind: type) -> FileNotFoundError:
    return FileNotFoundError(f"{kind.__name__} is not complete in {data_folder()}: {advice(kind)}")


class TorchvisionData(ImageData):
    """Color images of a torchvision data set: resized to S x S while they are loaded, or at their own sizes."""

    @staticmethod
    def sources(split: str) -> list:
        """The torchvision data sets, of (PIL image, label), that make up the split."""
        raise NotImplementedError

    @staticmethod
    def originals(source) -> tuple[np.ndarray | list[Path], list[int]]:
        """Images uint8 (N, H, W, 3) or their files, and labels, of one of the sources."""
        raise NotImplementedError

    @classmethod
    def complete_sources(cls, split: str) -> list:
        """`sources(split)`. FileNotFoundError if files are missing or damaged; nothing is downloaded."""
        with torchvision_errors(cls):
            return cls.sources(split)

    def named_sources(self, split: str) -> list:
        """`complete_sources(split)`, whose names of the classes are kept."""
        sources = self.complete_sources(split)
        names = getattr(sources[0], "classes", ())
        if len(names) == self.num_classes:  # some sets list the classes of the images that are there
            self.class_names = list(names)
        return sources

    def test_listing(self):
        return self.full_size("test")

    def arrays(self, split):
        return self.resized(split) if self.resize == "once" else self.full_size(split)

    def full_size(self, split: str) -> tuple[torch.Tensor | Files, torch.Tensor]:
        """Images uint8 (N, 3, H, W), or their files, and labels."""
        images, labels = zip(*map(self.originals, self.named_sources(split)), strict=True)
        labels = torch.from_numpy(np.concatenate(labels).astype(np.int8 if self.multi_label else np.int64))
        if isinstance(images[0], np.ndarray):
            return torch.from_numpy(np.concatenate(images)).permute(0, 3, 1, 2).contiguous(), labels
        return Files([file for files in images for file in files], data_folder()), labels

    def resized(self, split: str) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 (N, 3, S, S), antialiased; the aspect ratio is not kept."""
        images, labels = [], []
        for source in self.named_sources(split):
            for image, label in source:
                small = image.convert("RGB").resize((self.image_size,) * 2, Image.Resampling.BILINEAR)
                images.append(np.asarray(small).transpose(2, 0, 1))
                labels.append(label)
        return torch.from_numpy(np.stack(images)), torch.tensor(labels, dtype=torch.int8 if self.multi_label else None)


class CIFAR10(TorchvisionData):
    """32 x 32, 10 classes: 50,000 train and 10,000 test."""

    num_classes = 10

    @staticmethod
    def sources(split):
        return [datasets.CIFAR10(data_folder(), train=split == "train")]

    @staticmethod
    def originals(source):
        return source.data, source.targets


class CIFAR100(TorchvisionData):
    """32 x 32, 100 classes: 50,000 train and 10,000 test."""

    num_classes = 100

    @staticmethod
    def sources(split):
        return [datasets.CIFAR100(data_folder(), train=split == "train")]

    @staticmethod
    def originals(source):
        return source.data, source.targets


class Flowers102(TorchvisionData):
    """102 flowers: 2,040 train (the official training and validation parts) and 6,149 test."""

    num_classes = 102

    @staticmethod
    def sources(split):
        parts = {"train": ["train", "val"], "test": ["test"]}[split]
        return [datasets.Flowers102(data_folder(), split=part) for part in parts]

    @staticmethod
    def originals(source):
        return source._image_files, source._labels


class OxfordIIITPet(TorchvisionData):
    """37 breeds of cats and dogs: 3,680 train (the official trainval) and 3,669 test."""

    num_classes = 37

    @staticmethod
    def sources(split):
        part = {"train": "trainval", "test": "test"}[split]
        return [datasets.OxfordIIITPet(data_folder(), split=part)]

    @staticmethod
    def originals(source):
        return source._images, source._labels
