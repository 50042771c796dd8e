"""ObjectNet (Barbu et al., 2019; appendix D.9): everyday things in odd places, to test ImageNet's classes on. N images.

Folders of the archive say what is what in four steps: folder -> ObjectNet's name of the class -> names of the ImageNet
classes it stands for -> lines of ImageNet's own list of names -> the numbers 0 to 999 that PyTorch gives to the classes.
"""

import json
from pathlib import Path

import numpy as np
import torch

from data.disk.damage import Damaged, first_existing, reading
from data.disk.folder import data_folder
from data.fetch.ledger import advice
from data.pictures.class_folders import pictures
from data.pictures.decode import unreadable
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.label_sets import label_sets
from data.sets.numbering import STANDARD

BORDER = 2  # pixels on each side: the pictures are framed in red, and the authors' own loader cuts two


class Framed(Files):
    """Files without their frame."""

    def picture(self, index):
        image = super().picture(index)[:, BORDER:-BORDER, BORDER:-BORDER]
        if not image.numel():
            raise unreadable(self.name(index), "it is all frame")
        return image

    def dimensions(self, index):
        height, width = super().dimensions(index)
        return height - 2 * BORDER, width - 2 * BORDER


class ObjectNet(EncodedData):
    """The 18,574 images of the 113 of its 313 classes that ImageNet has too; test only, as its licence demands.

    Labels are sets of ImageNet's classes, bool (N, 1000): any of them counts as right.
    """

    num_classes = 1000

    def image_format(self):
        """The mapping numbers ImageNet's classes by their sorted WordNet ids, so a head for them has to do so too."""
        return super().image_format() | {"classes": STANDARD}

    def pictures(self, split):
        if split != "test":
            raise ValueError("ObjectNet has no training images: its licence forbids to train on it, so only test on it")
        root = data_folder() / "objectnet-1.0"
        images, mappings = (first_existing([root / name], advice(type(self))) for name in ("images", "mappings"))
        classes = imagenet_classes(mappings, self.num_classes)
        found = [pictures(images / folder) for folder in classes]
        rows = np.repeat(np.arange(len(found)), [len(files) for files in found])
        sets = label_sets(list(classes.values()), self.num_classes)[torch.from_numpy(rows)]
        return Framed([path for files in found for path in files], data_folder()), sets


def imagenet_classes(root: Path, num_classes: int) -> dict[str, list[int]]:
    """Folder -> the classes it stands for, for the folders that stand for any, sorted."""
    labels = table(root / "folder_to_objectnet_label.json")
    overlap = table(root / "objectnet_to_imagenet_1k.json")
    lines = table(root / "pytorch_to_imagenet_2012_id.json")
    with reading(
        first_existing([root / "imagenet_to_label_2012_v2"], "one of the four files of ObjectNet's mappings/")
    ):
        names = (root / "imagenet_to_label_2012_v2").read_text(encoding="utf-8").splitlines()
    numbers: dict[str, list[int]] = {}
    for number, line in lines.items():
        if not number.isdecimal() or int(number) >= num_classes or line not in range(len(names)):
            raise Damaged(f"{root / 'pytorch_to_imagenet_2012_id.json'}: {number[:50]!r} is no class with a line")
        numbers.setdefault(names[line].strip(), []).append(int(number))
    classes = {}
    for folder, label in sorted(labels.items()):
        if Path(folder).name != folder:
            raise Damaged(f"{root / 'folder_to_objectnet_label.json'}: {folder[:50]!r} is no name of a folder")
        wanted = overlap[label].split("; ") if label in overlap else []
        if unknown := [name for name in wanted if name not in numbers]:
            raise Damaged(f"{root}: ObjectNet's {label!r} stands for {unknown[0]!r}, which is no class of ImageNet")
        if wanted:
            classes[folder] = sorted(number for name in wanted for number in numbers[name])
    if not classes:
        raise Damaged(f"{root} maps no folder to a class of ImageNet; get it again")
    return classes


def table(path: Path) -> dict:
    """The JSON object in the file: text -> text, or text -> number."""
    with reading(first_existing([path], "one of the four files of ObjectNet's mappings/")):
        content = json.loads(path.read_text(encoding="utf-8"))
    kind = int if path.stem.startswith("pytorch") else str
    if not isinstance(content, dict) or not all(type(value) is kind for value in content.values()):
        raise Damaged(f"{path} is no table of names; get it again")
    return content
