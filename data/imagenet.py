"""ImageNet (ILSVRC 2012): 1.28 million training images and 50,000 validation images, which the paper tests on (Section 4.1)."""

import json
import re
from pathlib import Path

import numpy as np
import torch
from torchvision.datasets.imagenet import load_meta_file, parse_devkit_archive

from data.archives import opened
from data.base import ImageData
from data.collection import Collection, ambiguous, archives_of, collection, in_folders, is_there
from data.folder import data_folder
from data.label_sets import label_sets

OFFICIAL = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}
DEVKIT = "ILSVRC2012_devkit_t12.tar.gz"
NUMBER = re.compile(r"val_(\d{8})\.")  # of a validation image, in its file's name
HOW = (
    "bring the official tars (image-net.org, a login), folders train/CLASS/ and val/CLASS/, or WebDataset tars"
    " (imagenet1k-train-0000.tar ...)"
)


class ImageNet(ImageData):
    """1,000 classes, in $VIT_DATA/imagenet: read from the official tars, from class folders or from WebDataset tars.

    The test split is the official validation part. Where real.json (ImageNet ReaL, Beyer et al. 2020) lies beside it, a
    test batch has its label sets too, (images, labels, sets (B, 1000) bool).
    """

    num_classes = 1000

    def arrays(self, split):
        root, part = data_folder() / "imagenet", {"train": "train", "test": "val"}[split]
        found = official_validation(root) if is_flat(root, part) else imagenet(root, part, self.on_error)
        labels = torch.from_numpy(found.labels)
        if part == "val" and (root / "real.json").exists():
            return found.pictures, labels, real(root / "real.json", found)
        return found.pictures, labels


def is_flat(root: Path, part: str) -> bool:
    """The official validation tar, which has no folders: its labels are in the development kit."""
    return part == "val" and archives_of(root, part) == [root / OFFICIAL["val"]] and not in_folders(root, part)


def imagenet(root: Path, part: str, on_error: str) -> Collection:
    """Of a training or validation part in class folders or archives."""
    if not is_there(root, part):
        raise FileNotFoundError(f"ImageNet's {part} part is not in {root}: {HOW}")
    archives, official = archives_of(root, part), root / OFFICIAL[part]
    if official in archives and archives != [official]:
        raise ambiguous(*archives[:2])
    found = collection(root, part, on_error)
    count = min(len(found.names), ImageNet.num_classes) if found.numbered else len(found.names)
    if count != ImageNet.num_classes:  # a number beyond them is named when the labels are looked at
        raise ValueError(f"{root}: {count:,} classes in the {part} part; ImageNet has 1,000")
    return found


def official_validation(root: Path) -> Collection:
    """The official tar: classes are the WordNet ids in alphabetical order, as everywhere."""
    if not (root / "meta.bin").exists() and not (root / DEVKIT).exists():
        raise FileNotFoundError(
            f"{root / DEVKIT}: no such file; it holds the labels of {OFFICIAL['val']} (image-net.org)"
        )
    try:
        if not (root / "meta.bin").exists():
            parse_devkit_archive(str(root))
        _, wnids = load_meta_file(str(root))
    except ModuleNotFoundError as error:
        raise ImportError(f"ImageNet's development kit needs {error.name}: pip install {error.name}") from error
    except RuntimeError as error:
        raise ValueError(f"{root / DEVKIT}: {str(error).splitlines()[0]}; bring it again") from error
    names, places = np.unique(wnids, return_inverse=True)
    members = opened([root / OFFICIAL["val"]])
    return Collection(members, list(names), places.astype(np.int64)[numbers(members) - 1])


def numbers(pictures) -> np.ndarray:
    """Official numbers (N,) of validation images, from 1; ValueError if a name has none."""
    found = [NUMBER.search(pictures.name(index)) for index in range(len(pictures))]
    if None in found:
        nameless = pictures.name(found.index(None))
        raise ValueError(
            f"{nameless}: its name does not say which validation image it is (ILSVRC2012_val_00000001.JPEG)"
        )
    return np.array([int(match[1]) for match in found])


def real(path: Path, found: Collection) -> torch.Tensor:
    """ReaL's sets (N, 1000) bool for these images; the file has a list of classes for each, by official number."""
    try:
        sets = label_sets(json.loads(path.read_text()), ImageNet.num_classes)
        return sets[torch.from_numpy(numbers(found.pictures) - 1)]
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"{path}: not ReaL's labels for these images ({error}); bring it again or remove it"
        ) from error
