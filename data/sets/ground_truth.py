"""Labels of ImageNet's pictures outside class folders, from WordNet ids in their file names or from a published list."""

import csv
import re
from pathlib import Path

import numpy as np
from torchvision.datasets.imagenet import load_meta_file, parse_devkit_archive

from data.disk.damage import Damaged, reading
from data.pictures.classes import Collection
from data.pictures.pictures import Pictures
from data.sets.numbering import wordnet_id

NUMBER = re.compile(r"val_(\d{8})(?=[._])")  # of a validation image: ILSVRC2012_val_00000001[_n01751748].JPEG
DEVKIT = "ILSVRC2012_devkit_t12.tar.gz"
KAGGLE = "LOC_val_solution.csv"  # ImageId,PredictionString: ILSVRC2012_val_00048981,n03995372 85 1 499 272


def labelled(pictures: Pictures, root: Path, source: Path) -> Collection:
    """With class names in alphabetical order of the WordNet ids, as in class folders.

    root: folder of the lists. source: folder or archive of the pictures, for the message. FileNotFoundError if neither
    the file names nor a list state the classes.
    """
    ids = [wordnet_id(pictures.name(index)) for index in range(len(pictures))]
    names = sorted({id_ for id_ in ids if id_})
    if None in ids:
        labels = validation_labels(root, source)
        names = sorted(set(labels.values()))
        ids = [labels[number] for number in validation_numbers(pictures, len(labels)).tolist()]
    return Collection(pictures, names, np.searchsorted(names, ids).astype(np.int64))


def validation_labels(root: Path, source: Path) -> dict[int, str]:
    """Official number of a validation image, from 1 on without gaps -> WordNet id."""
    if (root / KAGGLE).exists():
        return kaggle(root / KAGGLE)
    if (root / "meta.bin").exists() or (root / DEVKIT).exists():
        return dict(enumerate(development_kit(root), start=1))
    raise FileNotFoundError(
        f"{root / DEVKIT} is missing; it has the labels of {source.name}, whose pictures are not in class folders:"
        f" download it (image-net.org) or Kaggle's {KAGGLE}, or sort the pictures into folders named by WordNet ids"
    )


def development_kit(root: Path) -> list[str]:
    """WordNet ids in the order of the validation images; torchvision caches them in meta.bin."""
    try:
        if not (root / "meta.bin").exists():
            parse_devkit_archive(str(root))
        return load_meta_file(str(root))[1]
    except ModuleNotFoundError as error:
        raise ImportError(f"ImageNet's development kit needs {error.name}: pip install {error.name}") from error
    except RuntimeError as error:  # torchvision's, for a wrong checksum
        raise ValueError(f"{root / DEVKIT}: {str(error).splitlines()[0]}; download it again") from error


def kaggle(path: Path) -> dict[int, str]:
    """The list that Kaggle's competition provides instead of the development kit."""
    with reading(path), open(path, newline="") as file:
        reader = csv.DictReader(file)
        rows = [(reader.line_num, row.get("ImageId") or "", row.get("PredictionString") or "") for row in reader]
    labels = {}
    for line, image, prediction in rows:
        number, id_ = NUMBER.search(f"{image}."), wordnet_id(prediction.strip().partition(" ")[0])
        if number is None or id_ is None:
            raise Damaged(
                f"{path}: line {line} does not state a validation image and its WordNet id; download it again"
            )
        labels[int(number[1])] = id_
    if sorted(labels) != list(range(1, len(labels) + 1)):
        raise Damaged(f"{path} does not have one WordNet id for each validation image; download it again")
    return labels


def validation_numbers(pictures: Pictures, count: int) -> np.ndarray:
    """Official numbers (N,) in the file names. ValueError for a picture without a number from 1 to `count`."""
    matches = [NUMBER.search(pictures.name(index)) for index in range(len(pictures))]
    if None in matches:
        raise ValueError(
            f"{pictures.name(matches.index(None))}: its name has no number of a validation image"
            " (ILSVRC2012_val_00000001.JPEG)"
        )
    numbers = np.array([int(match[1]) for match in matches], np.int64)
    if outside := np.flatnonzero((numbers < 1) | (numbers > count)).tolist():
        raise ValueError(f"{pictures.name(outside[0])}: its number is not one of 1 to {count:,}, the labelled images")
    return numbers
