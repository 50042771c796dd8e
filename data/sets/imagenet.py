"""ImageNet (ILSVRC 2012): 1.28 million training images and 50,000 validation images, which the paper tests on (Section 4.1)."""

import json
from pathlib import Path

import torch

from data.base import ImageData
from data.disk.folder import data_folder
from data.pictures.archives import open_archives
from data.pictures.class_folders import subfolders
from data.pictures.classes import (
    Collection,
    ambiguous,
    archives_of,
    collection,
    from_archives,
    has_part,
    in_folders,
)
from data.pictures.skipped import print_once
from data.sets.ground_truth import labelled, validation_numbers
from data.sets.imagenet_layouts import OFFICIAL, archives_in_folder, flat_folder, missing, parts_folder
from data.sets.label_sets import label_sets
from data.sets.numbering import UNLISTED, Numbering, agreed, check_standard, numbering

PARTS = {"train": ("train", "val"), "test": ("val", "train")}  # split -> its part of the set, and the other part


class ImageNet(ImageData):
    """1,000 classes, in $VIT_DATA/imagenet: read from the official tars, from class folders or from WebDataset tars.

    The test split is the official validation part. If real.json (ImageNet ReaL, Beyer et al. 2020) is in the folder,
    test batches have its label sets, too: (images, labels, sets (B, 1000) bool).
    classes: the numbering of the labels, set when a part was read; both parts agree on it.
    """

    num_classes = 1000
    classes: Numbering | None = None

    def arrays(self, split):
        root, part, other = data_folder() / "imagenet", *PARTS[split]
        listing = read_part(root, part, self.on_error)
        other_numbering = numbering_of(root, other, self.on_error)
        numberings = {part: numbering(listing, self.num_classes)}
        if other_numbering is not None:
            numberings[other] = other_numbering
        self.classes = agreed(root, numberings)
        labels, real_json = torch.from_numpy(listing.labels), root / "real.json"
        if part == "val" and real_json.exists():
            check_standard(self.classes, root / "val", real_json.name)
            return listing.pictures, labels, real_labels(real_json, listing)
        if part == "val" and (misplaced := root / "val" / "real.json").exists():
            print_once(f"{misplaced}: not read; ReaL's labels are read from {real_json}")
        return listing.pictures, labels

    def image_format(self):
        """With the numbering of the classes, once a part was read: the outputs of a head are in that order."""
        return super().image_format() | ({"classes": str(self.classes)} if self.classes else {})


def read_part(root: Path, part: str, on_error: str) -> Collection:
    """The training or validation part, of 1,000 classes."""
    folder = parts_folder(root)
    if not has_part(folder, part):
        raise missing(root, part)
    archives, official = archives_of(folder, part), folder / OFFICIAL[part]
    if official in archives and archives != [official]:
        raise ambiguous(*archives[:2])
    if archives == [folder / OFFICIAL["val"]] and not in_folders(folder, part):
        return labelled(open_archives(archives), root, archives[0])
    if (pictures := flat_folder(folder, part)) is not None:
        return check_count(labelled(pictures, root, folder / part), root, part)
    if archives := archives_in_folder(folder, part):
        return check_count(from_archives(archives, on_error).complete(folder / part, on_error), root, part)
    return check_count(collection(folder, part, on_error), root, part)


def check_count(listing: Collection, root: Path, part: str) -> Collection:
    count = len(listing.names)
    if listing.numbered:  # a label of 1,000 or more is refused later, with the name of its picture
        count = min(count, ImageNet.num_classes)
    if count != ImageNet.num_classes:
        raise ValueError(f"{root}: {count:,} classes in the {part} part; ImageNet has 1,000")
    return listing


def numbering_of(root: Path, part: str, on_error: str) -> Numbering | None:
    """Of a part that is not read, without listing its pictures; None if the part is missing."""
    folder = parts_folder(root)
    if not has_part(folder, part):
        return None
    if archives_of(folder, part) == [folder / OFFICIAL[part]] or flat_folder(folder, part) is not None:
        return UNLISTED
    archives = archives_in_folder(folder, part) if in_folders(folder, part) else archives_of(folder, part)
    if archives:
        return numbering(from_archives(archives, on_error), ImageNet.num_classes)
    return Numbering(tuple(subfolders(folder / part)))


def real_labels(path: Path, listing: Collection) -> torch.Tensor:
    """ReaL's label sets of the images, bool (N, 1000); the file lists the classes of each image by official number."""
    try:
        lists = json.loads(path.read_text())
        if not is_lists_of_classes(lists):
            raise ValueError("it is not a list of lists of classes")
        sets = label_sets(lists, ImageNet.num_classes)
        return sets[torch.from_numpy(validation_numbers(listing.pictures, len(sets)) - 1)]
    except ValueError as error:
        raise ValueError(
            f"{path} does not have ReaL's labels of these images ({error}); download it again or remove it"
        ) from error


def is_lists_of_classes(lists) -> bool:
    return isinstance(lists, list) and all(
        isinstance(classes, list) and all(type(number) is int for number in classes) for classes in lists
    )
