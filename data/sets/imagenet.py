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
from data.sets.ground_truth import classified, numbers
from data.sets.imagenet_layouts import OFFICIAL, archives_in_folder, flat_folder, missing, parts_folder
from data.sets.label_sets import label_sets
from data.sets.numbering import UNLISTED, Numbering, agreed, check_standard, numbering

PARTS = {"train": ("train", "val"), "test": ("val", "train")}  # split -> its part of the set, and the other one


class ImageNet(ImageData):
    """1,000 classes, in $VIT_DATA/imagenet: read from the official tars, from class folders or from WebDataset tars.

    The test split is the official validation part. Where real.json (ImageNet ReaL, Beyer et al. 2020) lies beside it, a
    test batch has its label sets too, (images, labels, sets (B, 1000) bool).
    classes: how the labels are numbered, known once a part was read; both parts agree on it.
    """

    num_classes = 1000
    classes: Numbering | None = None

    def arrays(self, split):
        root, part, other = data_folder() / "imagenet", *PARTS[split]
        found = imagenet(root, part, self.on_error)
        beside = numbering_of(root, other, self.on_error)
        here = {part: numbering(found, self.num_classes)} | ({other: beside} if beside else {})
        self.classes = agreed(root, here)
        labels = torch.from_numpy(found.labels)
        if part == "val" and (root / "real.json").exists():
            check_standard(self.classes, root / "val", "real.json beside it")
            return found.pictures, labels, real(root / "real.json", found)
        if part == "val" and (inside := root / "val" / "real.json").exists():
            print_once(f"{inside}: not read; ReaL's labels are read from {root / 'real.json'}")
        return found.pictures, labels

    def image_format(self):
        """With the numbering of the classes, once a part was read: a head is for labels in that order."""
        return super().image_format() | ({"classes": str(self.classes)} if self.classes else {})


def imagenet(root: Path, part: str, on_error: str) -> Collection:
    """The training or validation part, of 1,000 classes."""
    inside = parts_folder(root)
    if not has_part(inside, part):
        raise missing(root, part)
    archives, official = archives_of(inside, part), inside / OFFICIAL[part]
    if official in archives and archives != [official]:
        raise ambiguous(*archives[:2])
    if archives == [inside / OFFICIAL["val"]] and not in_folders(inside, part):
        return classified(open_archives(archives), root, archives[0])
    if (pictures := flat_folder(inside, part)) is not None:
        return check_count(classified(pictures, root, inside / part), root, part)
    if archives := archives_in_folder(inside, part):
        return check_count(from_archives(archives, on_error).complete(inside / part, on_error), root, part)
    return check_count(collection(inside, part, on_error), root, part)


def check_count(found: Collection, root: Path, part: str) -> Collection:
    count = min(len(found.names), ImageNet.num_classes) if found.numbered else len(found.names)
    if count != ImageNet.num_classes:  # a number beyond them is named when the labels are looked at
        raise ValueError(f"{root}: {count:,} classes in the {part} part; ImageNet has 1,000")
    return found


def numbering_of(root: Path, part: str, on_error: str) -> Numbering | None:
    """Of the part beside the one that is read, whose pictures are not listed; None where it is missing."""
    inside = parts_folder(root)
    if not has_part(inside, part):
        return None
    if archives_of(inside, part) == [inside / OFFICIAL[part]] or flat_folder(inside, part) is not None:
        return UNLISTED
    if archives := archives_in_folder(inside, part) if in_folders(inside, part) else archives_of(inside, part):
        return numbering(from_archives(archives, on_error), ImageNet.num_classes)
    return Numbering(tuple(subfolders(inside / part)))


def real(path: Path, found: Collection) -> torch.Tensor:
    """ReaL's sets (N, 1000) bool for these images; the file has a list of classes for each, by official number."""
    try:
        sets = label_sets(json.loads(path.read_text()), ImageNet.num_classes)
        return sets[torch.from_numpy(numbers(found.pictures, len(sets)) - 1)]
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"{path}: not ReaL's labels for these images ({error}); bring it again or remove it"
        ) from error
