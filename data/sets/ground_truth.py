"""Classes of ImageNet's pictures that lie in no class folders: their own names state them, or a list beside them does."""

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


def classified(pictures: Pictures, root: Path, what: Path) -> Collection:
    """Classes are the WordNet ids in alphabetical order, as everywhere. Lists are looked for in `root`.

    what: the folder or archive that the pictures lie in. FileNotFoundError where neither names nor a list tell classes.
    """
    ids = [wordnet_id(pictures.name(index)) for index in range(len(pictures))]
    names = sorted({id_ for id_ in ids if id_})
    if None in ids:
        truth = ground_truth(root, what)
        names = sorted(set(truth.values()))
        ids = [truth[number] for number in numbers(pictures, len(truth)).tolist()]
    return Collection(pictures, names, np.searchsorted(names, ids).astype(np.int64))


def ground_truth(root: Path, what: Path) -> dict[int, str]:
    """Number of a validation image, from 1 on without gaps -> WordNet id."""
    if (root / KAGGLE).exists():
        return kaggle(root / KAGGLE)
    if (root / "meta.bin").exists() or (root / DEVKIT).exists():
        return dict(enumerate(development_kit(root), start=1))
    raise FileNotFoundError(
        f"{root / DEVKIT}: no such file; it holds the labels of {what.name}, whose pictures lie in no class folders:"
        f" bring it (image-net.org), or Kaggle's {KAGGLE}, or sort the pictures into folders that are WordNet ids"
    )


def development_kit(root: Path) -> list[str]:
    """WordNet ids in the order of the validation images; torchvision keeps them in meta.bin."""
    try:
        if not (root / "meta.bin").exists():
            parse_devkit_archive(str(root))
        return load_meta_file(str(root))[1]
    except ModuleNotFoundError as error:
        raise ImportError(f"ImageNet's development kit needs {error.name}: pip install {error.name}") from error
    except RuntimeError as error:
        raise ValueError(f"{root / DEVKIT}: {str(error).splitlines()[0]}; bring it again") from error


def kaggle(path: Path) -> dict[int, str]:
    """The list that Kaggle's competition has in place of the development kit."""
    with reading(path, KeyError, IndexError, TypeError), open(path, newline="") as file:
        rows = {row["ImageId"]: (row["PredictionString"] or "").split()[:1] for row in csv.DictReader(file)}
        truth = {int(NUMBER.search(f"{image}.")[1]): wordnet_id(id_[0]) for image, id_ in rows.items()}
    if sorted(truth) != list(range(1, len(truth) + 1)) or None in truth.values():
        raise Damaged(f"{path}: not one WordNet id for each validation image; get it again")
    return truth


def numbers(pictures: Pictures, most: int) -> np.ndarray:
    """Official numbers (N,) of validation images, 1 to `most`; ValueError naming a picture that has no such number."""
    found = [NUMBER.search(pictures.name(index)) for index in range(len(pictures))]
    if None in found:
        nameless = pictures.name(found.index(None))
        raise ValueError(
            f"{nameless}: its name does not say which validation image it is (ILSVRC2012_val_00000001.JPEG)"
        )
    counted = np.array([int(match[1]) for match in found], np.int64)
    if beyond := np.flatnonzero((counted < 1) | (counted > most)).tolist():
        raise ValueError(f"{pictures.name(beyond[0])}: its number is not one of 1 to {most:,}, as many as have labels")
    return counted
