"""Anybody's own pictures: a folder a class, no Python."""

from pathlib import Path

import numpy as np
import torch

from data.base import ImageData
from data.decode import SUFFIXES
from data.decoded_once import loaded
from data.folder import data_folder
from data.pictures import Files
from data.splits import stratified


class ImageFolder(ImageData):
    """Pictures in FOLDER/train/CLASS/ and FOLDER/test/CLASS/, or in FOLDER/CLASS/ with a `test_share` drawn from each class.

    folder: its name in the data folder ($VIT_DATA), so that a run is called the same wherever the pictures lie.
    test_share: the fraction of each class that is the test split; only for a folder without train/ and test/.

    Labels are the places of the class names in alphabetical order. Small sets are decoded once: pictures that all
    have one size, and any if `resize` is 'once'; others whenever they are needed.
    """

    def __init__(self, *, folder: str, test_share: float | None = None, **common):
        super().__init__(**common)
        if Path(folder).is_absolute() or ".." in Path(folder).parts:
            raise ValueError(
                f"folder is a name in the data folder {data_folder()}, not {folder!r}; VIT_DATA moves that"
            )
        self.folder, self.test_share = folder, test_share
        self.root = data_folder() / folder
        self.divided = (self.root / "train").is_dir()
        if self.divided != (test_share is None):
            raise ValueError(f"{self.root}: {ADVICE[self.divided]}")
        if test_share is not None and not 0 < test_share < 1:
            raise ValueError(f"test_share is a fraction between 0 and 1, not {test_share}")
        self.classes = subfolders(self.root / "train" if self.divided else self.root)
        self.num_classes = len(self.classes)

    def arrays(self, split):
        files, labels = self.files(split)
        size = (self.image_size,) * 2 if self.resize == "once" else None
        pictures = Files(files, data_folder())
        return loaded(pictures, data_folder() / f"{self.folder}-{split}", size), torch.from_numpy(labels)

    def files(self, split: str) -> tuple[list[Path], np.ndarray]:
        """The pictures of a split, class by class, and their labels int64 (N,)."""
        root = self.root / split if self.divided else self.root
        if strange := set(subfolders(root)) - set(self.classes):
            raise ValueError(f"{root}: no training pictures for the class {min(strange)!r}; add some or remove it")
        found = [pictures(root / name) for name in self.classes]
        files = [path for class_ in found for path in class_]
        labels = np.repeat(np.arange(len(found)), [len(class_) for class_ in found])
        if self.divided:
            return files, labels
        train, test = stratified(labels, round(self.test_share * len(labels)), seed=0)
        chosen = train if split == "train" else test
        return [files[index] for index in chosen], labels[chosen]


ADVICE = {  # has it a folder train/?
    True: "its test pictures are those in test/; leave test_share out",
    False: "there is no train/ in it; either make train/CLASS/ and test/CLASS/, or give test_share, such as 0.2",
}


def subfolders(root: Path) -> list[str]:
    """Names of the folders, sorted."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names:
        raise ValueError(f"{root}: no class folders in it")
    return names


def pictures(folder: Path) -> list[Path]:
    """Files with pictures, sorted by name."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; every class needs one")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    if not found:
        raise ValueError(f"{folder}: no pictures in it ({', '.join(SUFFIXES)}); add some or remove the folder")
    return found
