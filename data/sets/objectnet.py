"""ObjectNet (Barbu et al., 2019; appendix D.9): household objects in unusual poses and rooms, a test of ImageNet's classes.

Four files map the archive's folders to labels: folder -> ObjectNet's class name -> names of the ImageNet classes with
the same meaning -> lines of ImageNet's own list of names -> the numbers 0 to 999 that PyTorch gives to the classes.
N images.
"""

import json
from pathlib import Path

import numpy as np
import torch

from data.disk.damage import Damaged, first_existing, reading
from data.disk.folder import data_folder
from data.fetch.ledger import advice
from data.pictures.class_folders import picture_files
from data.pictures.decode import unreadable
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.label_sets import label_sets
from data.sets.numbering import STANDARD

BORDER = 2  # pixels on each side: the pictures have a red frame, and the authors' own loader cuts two
MAPPING = "one of the four files of ObjectNet's mappings/"


class Framed(Files):
    """Files without their frame."""

    def picture(self, index):
        image = super().picture(index)[:, BORDER:-BORDER, BORDER:-BORDER]
        if not image.numel():
            raise unreadable(self.name(index), f"nothing inside its frame of {BORDER} px")
        return image

    def undecoded(self, index):
        return self.picture(index)

    def dimensions(self, index):
        height, width = super().dimensions(index)
        return height - 2 * BORDER, width - 2 * BORDER


class ObjectNet(EncodedData):
    """The 18,574 images of the 113 of its 313 classes that ImageNet has, too; test only, as its licence demands.

    Labels are sets of ImageNet's classes, bool (N, 1000): any of them counts as right.
    """

    num_classes = 1000

    def image_format(self):
        """The mapping numbers ImageNet's classes by their sorted WordNet ids, so a head for them has to do so, too."""
        return super().image_format() | {"classes": STANDARD}

    def pictures(self, split):
        if split != "test":
            raise ValueError("ObjectNet has no training split: its licence forbids training on it; use it to test only")
        root = data_folder() / "objectnet-1.0"
        images, mappings = (first_existing([root / name], advice(type(self))) for name in ("images", "mappings"))
        classes = imagenet_classes(mappings, self.num_classes)
        folders = [picture_files(images / folder) for folder in classes]
        rows = np.repeat(np.arange(len(folders)), [len(files) for files in folders])
        sets = label_sets(list(classes.values()), self.num_classes)[torch.from_numpy(rows)]
        return Framed([path for files in folders for path in files], data_folder()), sets


def imagenet_classes(root: Path, num_classes: int) -> dict[str, list[int]]:
    """Folder -> sorted ImageNet classes, for the folders that have any, sorted by name."""
    labels = table(root / "folder_to_objectnet_label.json", str)
    overlap = table(root / "objectnet_to_imagenet_1k.json", str)
    numbers = class_numbers(root, num_classes)
    classes = {}
    for folder, label in sorted(labels.items()):
        if Path(folder).name != folder:  # it must not lead out of images/
            raise Damaged(f"{root / 'folder_to_objectnet_label.json'}: {folder[:50]!r} is not a folder name")
        names = overlap[label].split("; ") if label in overlap else []
        if unknown := [name for name in names if name not in numbers]:
            raise Damaged(f"{root}: ObjectNet's {label!r} maps to {unknown[0]!r}, which is not a class of ImageNet")
        if names:
            classes[folder] = sorted(number for name in names for number in numbers[name])
    if not classes:
        raise Damaged(f"{root} maps no folder to a class of ImageNet; download it again")
    return classes


def class_numbers(root: Path, num_classes: int) -> dict[str, list[int]]:
    """Name of a class of ImageNet -> PyTorch's numbers of the classes with that name."""
    path = root / "imagenet_to_label_2012_v2"
    with reading(first_existing([path], MAPPING)):
        names = path.read_text(encoding="utf-8").splitlines()
    numbers: dict[str, list[int]] = {}
    for number, line in table(root / "pytorch_to_imagenet_2012_id.json", int).items():
        if not number.isdecimal() or int(number) >= num_classes or line not in range(len(names)):
            raise Damaged(
                f"{root / 'pytorch_to_imagenet_2012_id.json'}: {number[:50]!r} is not a class, 0 to {num_classes - 1},"
                f" with a line in {path.name}"
            )
        numbers.setdefault(names[line].strip(), []).append(int(number))
    return numbers


def table(path: Path, kind: type) -> dict:
    """The JSON object in the file: texts -> values of that kind."""
    with reading(first_existing([path], MAPPING)):
        content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not all(type(value) is kind for value in content.values()):
        raise Damaged(f"{path} is not a JSON object with values of type {kind.__name__}; download it again")
    return content
