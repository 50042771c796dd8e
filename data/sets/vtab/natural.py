"""VTAB's natural tasks besides those that are transfer sets of the paper already."""

from pathlib import Path

import numpy as np
import torch
from torchvision import datasets

from data.batches.splits import stratified
from data.disk.damage import reading
from data.disk.folder import data_folder
from data.draws import permutation
from data.fetch.ledger import advice
from data.pictures.classes import of_folders
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.torchvision_sets import TorchvisionData, there


class Caltech101(EncodedData):
    """102 classes, the one of backgrounds included, as VTAB has it: 30 of each train, the others test; seeded, by us.

    torchvision's class leaves the backgrounds out, so its folder is read as it is.
    """

    num_classes = 102
    shots = 30

    def pictures(self, split):
        found = there(
            type(self), lambda: of_folders(data_folder() / "caltech101" / "101_ObjectCategories", self.on_error)
        )
        if len(found.names) != self.num_classes:
            told = f"has {len(found.names)} classes, not 102; remove it, then: {advice(type(self))}"
            raise ValueError(f"{data_folder() / 'caltech101' / '101_ObjectCategories'} {told}")
        depth = np.empty(len(found.labels), np.int64)  # place of a picture in a random order of its class
        for label in range(self.num_classes):
            members = np.flatnonzero(found.labels == label)
            depth[members[permutation(len(members), 0, label)]] = np.arange(len(members))
        rows = np.flatnonzero(depth < self.shots if split == "train" else depth >= self.shots)
        return found.pictures.only(rows), torch.from_numpy(found.labels[rows])


class DTD(TorchvisionData):
    """Textures, 47 classes: 3,760 train (the first partition's training and validation parts) and 1,880 test."""

    num_classes = 47

    @staticmethod
    def sources(split):
        parts = {part: datasets.DTD(data_folder(), split=part) for part in ("train", "val", "test")}
        names = sorted(set().union(*(source.classes for source in parts.values())))
        for source in parts.values():  # torchvision numbers the classes of each part by themselves
            source._labels = [names.index(file.parent.name) for file in source._image_files]
        return [parts["test"]] if split == "test" else [parts["train"], parts["val"]]

    @staticmethod
    def originals(source):
        return source._image_files, source._labels


class SVHN(TorchvisionData):
    """House numbers, 32 x 32, 10 classes: 73,257 train and 26,032 test."""

    num_classes = 10

    @staticmethod
    def sources(split):
        return [datasets.SVHN(data_folder(), split=split)]

    @staticmethod
    def originals(source):
        return source.data.transpose(0, 2, 3, 1), source.labels


class SUN397(EncodedData):
    """Scenes, 397 classes, 108,754 images, of which 21,750 are VTAB's test split.

    Which ones says the list sun397_tfds_te.txt (of the source of TensorFlow Datasets, lines such as
    /a/abbey/sun_aaalbzqrimafwbiv.jpg), if it lies in SUN397/; else a fifth of each class is test, seeded, by us.
    """

    num_classes = 397
    test_list = "sun397_tfds_te.txt"

    def pictures(self, split):
        source = there(type(self), lambda: datasets.SUN397(data_folder()))
        # torchvision's order is the file system's
        files, labels = zip(*sorted(zip(source._image_files, source._labels, strict=True)), strict=True)
        labels, root = np.array(labels), data_folder() / "SUN397"
        if (root / self.test_list).exists():
            test = listed(root / self.test_list, [f"/{path.relative_to(root)}" for path in files])
            train = np.setdiff1d(np.arange(len(labels)), test)
        else:
            train, test = stratified(labels, len(labels) // 5, seed=0)
        rows = train if split == "train" else test
        return Files([files[row] for row in rows], data_folder()), torch.from_numpy(labels[rows])


def listed(path: Path, names: list[str]) -> np.ndarray:
    """Sorted places in `names` of the lines of a list. ValueError for one that is not there."""
    places = {name: place for place, name in enumerate(names)}
    with reading(path):
        wanted = path.read_text().split()
    if missing := [name for name in wanted if name not in places]:
        raise ValueError(f"{path}: there is no picture {missing[0][:100]}; get both again")
    return np.unique([places[name] for name in wanted])
