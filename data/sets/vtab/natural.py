"""VTAB's natural tasks besides those that are transfer sets of the paper as well."""

from pathlib import Path

import numpy as np
import torch
from torchvision import datasets

from data.batches.splits import stratified
from data.disk.damage import reading
from data.disk.folder import data_folder
from data.draws import permutation
from data.fetch.ledger import advice
from data.pictures.classes import from_folders
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.torchvision_sets import TorchvisionData, incomplete, torchvision_errors


class Caltech101(EncodedData):
    """102 classes, with BACKGROUND_Google, as VTAB has it: 30 images of each class train, the others test; a seeded split."""

    num_classes = 102
    shots = 30

    def pictures(self, split):
        # The folder itself, not torchvision's class, which leaves out the background class.
        folder = data_folder() / "caltech101" / "101_ObjectCategories"
        try:
            listing = from_folders(folder, self.on_error)
        except FileNotFoundError as error:
            raise incomplete(type(self)) from error
        if len(listing.names) != self.num_classes:
            raise ValueError(
                f"{folder} has {len(listing.names)} classes, not 102; remove it, then: {advice(type(self))}"
            )
        self.class_names = listing.names
        depth = np.empty(len(listing.labels), np.int64)  # position of a picture in a random order of its class
        for label in range(self.num_classes):
            members = np.flatnonzero(listing.labels == label)
            depth[members[permutation(len(members), 0, label)]] = np.arange(len(members))
        rows = np.flatnonzero(depth < self.shots if split == "train" else depth >= self.shots)
        return listing.pictures.select(rows), torch.from_numpy(listing.labels[rows])


class DTD(TorchvisionData):
    """Textures, 47 classes: 3,760 train (the first partition's training and validation parts) and 1,880 test."""

    num_classes = 47

    @staticmethod
    def sources(split):
        parts = {part: datasets.DTD(data_folder(), split=part) for part in ("train", "val", "test")}
        names = sorted(set().union(*(source.classes for source in parts.values())))
        for source in parts.values():  # torchvision numbers the classes within each part, some of which lack classes
            source._labels = [names.index(file.parent.name) for file in source._image_files]
            source.classes = names
        return [parts["test"]] if split == "test" else [parts["train"], parts["val"]]

    @staticmethod
    def originals(source):
        return source._image_files, source._labels


class SVHN(TorchvisionData):
    """House numbers, 32 x 32, 10 classes: 73,257 train and 26,032 test."""

    num_classes = 10
    class_names = tuple("0123456789")

    @staticmethod
    def sources(split):
        return [datasets.SVHN(data_folder(), split=split)]

    @staticmethod
    def originals(source):
        return source.data.transpose(0, 2, 3, 1), source.labels


class SUN397(EncodedData):
    """Scenes, 397 classes, 108,754 images, of which 21,750 are VTAB's test split.

    The test split follows the list SUN397/sun397_tfds_te.txt (from the source of TensorFlow Datasets, with lines such as
    /a/abbey/sun_aaalbzqrimafwbiv.jpg). Without the list it is a seeded fifth of each class.
    """

    num_classes = 397
    test_list = "sun397_tfds_te.txt"

    def pictures(self, split):
        with torchvision_errors(type(self)):
            source = datasets.SUN397(data_folder())
        self.class_names = source.classes
        # sorted, since torchvision's order is the file system's
        files, labels = zip(*sorted(zip(source._image_files, source._labels, strict=True)), strict=True)
        labels, root = np.array(labels), data_folder() / "SUN397"
        if (root / self.test_list).exists():
            test = listed_rows(root / self.test_list, [f"/{path.relative_to(root)}" for path in files])
            train = np.setdiff1d(np.arange(len(labels)), test)
        else:
            train, test = stratified(labels, len(labels) // 5, seed=0)
        rows = train if split == "train" else test
        return Files([files[row] for row in rows], data_folder()), torch.from_numpy(labels[rows])


def listed_rows(path: Path, names: list[str]) -> np.ndarray:
    """Sorted indices in `names` of the names in a list. ValueError for one that is not in `names`."""
    indices = {name: index for index, name in enumerate(names)}
    with reading(path):
        listed = path.read_text().split()
    if missing := [name for name in listed if name not in indices]:
        raise ValueError(f"{path}: the picture {missing[0][:100]} does not exist; download the list and the set again")
    return np.unique([indices[name] for name in listed])
