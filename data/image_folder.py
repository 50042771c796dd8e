"""Anybody's own pictures, no Python: a folder a class, or tars and zips of such folders or of WebDataset samples."""

from pathlib import Path

import numpy as np
import torch

from data.base import ImageData
from data.collection import Collection, collection, in_folders, is_there, of_folders, subfolders
from data.decoded_once import loaded, readable
from data.folder import data_folder
from data.pictures import Pictures
from data.skipped import passed_over
from data.splits import stratified

ADVICE = {  # are there training pictures of their own?
    True: "its test pictures are those of test; leave test_share out",
    False: "there is no train/ in it, and no train*.tar; either bring train and test, or give test_share, such as 0.2",
}


class ImageFolder(ImageData):
    """Pictures in FOLDER/train/CLASS/ and FOLDER/test/CLASS/, or in FOLDER/CLASS/ with a `test_share` drawn from each class.

    In place of train/ and test/ there may be archives, read where they lie: train*.tar, test*.zip; classes are the folders
    in them, or the numbers that WebDataset samples state.

    folder: its name in the data folder ($VIT_DATA), so that a run is called the same wherever the pictures lie.
    test_share: the fraction of each class that is the test split; only for a folder without train and test.

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
        self.divided = is_there(self.root, "train")
        if self.divided != (test_share is None):
            raise ValueError(f"{self.root}: {ADVICE[self.divided]}")
        if test_share is not None and not 0 < test_share < 1:
            raise ValueError(f"test_share is a fraction between 0 and 1, not {test_share}")
        self.there: dict[str, tuple[np.ndarray, int]] = {}  # of a split: rows that can be read, of how many
        self.classes = self.class_names()
        self.num_classes = len(self.classes)

    def class_names(self) -> list[str]:
        """Of the training pictures, before one of them is opened."""
        if self.divided and not in_folders(self.root, "train"):
            return collection(self.root, "train", self.on_error).names
        return subfolders(self.root / "train" if self.divided else self.root)

    def test_listing(self):
        found = self.found("test")
        return found.pictures, torch.from_numpy(found.labels)

    def arrays(self, split):
        found = self.found(split)
        if self.on_error == "skip":
            found = found.only(self.without_unreadable(split, found.pictures))
        size = (self.image_size,) * 2 if self.resize == "once" else None
        place = data_folder() / f"{self.folder}-{split}"
        return loaded(found.pictures, place, size), torch.from_numpy(found.labels)

    def found(self, split: str) -> Collection:
        """The pictures of a split, class by class."""
        if self.divided:
            found = collection(self.root, split, self.on_error, self.classes)
        else:
            whole = of_folders(self.root, self.on_error)
            train, test = stratified(whole.labels, round(self.test_share * len(whole.labels)), seed=0)
            found = whole.only(train if split == "train" else test)
        self.passed_over |= passed_over(found.pictures, split, self.skip_limit)
        return found

    def without_unreadable(self, split: str, pictures: Pictures) -> np.ndarray:
        """Rows of those that can be read; all are tried once, since small sets are decoded at once."""
        rows = readable(pictures, data_folder() / f"{self.folder}-{split}", self.skip_limit)
        self.left_out[split] += len(pictures) - len(rows)
        self.there[split] = rows, len(pictures)
        return rows

    def kept_and_held(self, length):
        """Drawn from all pictures: one that cannot be read is missing in its part, and moves no other.

        Where some were left out for another reason too, it is drawn from those that are there.
        """
        rows, total = self.there.get("train", (np.arange(length), length))
        if len(rows) != length:
            return super().kept_and_held(length)
        return tuple(np.flatnonzero(np.isin(rows, part)) for part in super().kept_and_held(total))
