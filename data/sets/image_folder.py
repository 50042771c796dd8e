"""Anybody's own pictures, no Python: a folder a class, or tars and zips of such folders or of WebDataset samples."""

from pathlib import Path

import numpy as np
import torch

from data.base import ImageData
from data.batches.splits import stratified
from data.disk.folder import data_folder
from data.pictures.class_folders import subfolders
from data.pictures.classes import Collection, collection, from_folders, has_part, in_folders
from data.pictures.decode import Unreadable
from data.pictures.decoded_once import decode_error, loaded, readable_rows
from data.pictures.parts import check_two_classes, check_unpacked, missing_train, name_of_test_part, print_unused
from data.pictures.pictures import Pictures
from data.pictures.skipped import print_skipped, skipped_groups
from data.sets.numbering import Numbering

ADVICE = "its test pictures are those of test or val; leave test_share out"


def unreadable_class(found: Collection, error: Unreadable) -> Unreadable | None:
    """The error of the whole class, where none of the pictures beside the one that it names can be read either."""
    row = next((row for row in range(len(found.labels)) if str(error).startswith(found.pictures.name(row))), None)
    if row is None:
        return None
    rows = np.flatnonzero(found.labels == found.labels[row])
    if any(decode_error(found.pictures, int(other)) is None for other in rows):
        return None
    name = found.names[found.labels[row]]
    return Unreadable(f"none of the {len(rows):,} pictures of the class {name!r} can be read; the first: {error}")


class ImageFolder(ImageData):
    """Pictures in FOLDER/train/CLASS/ and FOLDER/test/CLASS/, or in FOLDER/CLASS/ with a `test_share` drawn from each class.

    Without test, val is the test part; beside test, val is not used. Every part needs pictures of two classes or more.
    In place of these folders there may be archives, read where they lie: train*.tar, test*.zip; classes are the folders
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
        self.divided = has_part(self.root, "train")
        if not self.divided:
            check_unpacked(self.root)
        if self.divided != (test_share is None):
            raise ValueError(f"{self.root}: {ADVICE if self.divided else missing_train(self.root)}")
        if test_share is not None and not 0 < test_share < 1:
            raise ValueError(f"test_share is a fraction between 0 and 1, not {test_share}")
        self.there: dict[str, tuple[np.ndarray, int]] = {}  # of a split: rows that can be read, of how many
        self.classes = self.class_names()
        self.num_classes = len(self.classes)
        self.lies_in = {"train": "train"}  # split -> what its folder or archives are called
        if self.divided:
            self.lies_in["test"] = name_of_test_part(self.root)
            train, test = (self.root / self.lies_in[split] for split in ("train", "test"))
            if test.exists() and train.resolve() == test.resolve():
                raise ValueError(f"{test} is {train} itself; bring other pictures to test on")
            print_unused(self.root)

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
        size = (self.image_size,) * 2 if self.resize == "once" else None
        place = data_folder() / f"{self.folder}-{split}"
        try:
            if self.on_error == "skip":
                found = self.readable_of(found, split)
            return loaded(found.pictures, place, size), torch.from_numpy(found.labels)
        except Unreadable as error:
            raise unreadable_class(found, error) or error from None

    def checked_arrays(self, split):
        """Of two classes or more, of which the names say so before a picture is opened."""
        check_two_classes(self.classes, self.root, self.root)
        images, *labels = super().checked_arrays(split)
        present = [self.classes[place] for place in labels[0].unique().tolist()]
        check_two_classes(present, self.root / self.lies_in.get(split, split), self.root)
        return images, *labels

    def found(self, split: str) -> Collection:
        """The pictures of a split, class by class."""
        if self.divided:
            found = collection(self.root, self.lies_in[split], self.on_error, self.classes)
        else:
            whole = from_folders(self.root, self.on_error)
            train, test = stratified(whole.labels, round(self.test_share * len(whole.labels)), seed=0)
            found = whole.select(train if split == "train" else test)
            self.check_share(whole, found, split)
        self.skipped_groups |= skipped_groups(found.pictures, split, self.skip_limit)
        return found

    def check_share(self, whole: Collection, found: Collection, split: str) -> None:
        """ValueError for a class with pictures of which the split gets none."""
        if len(lost := np.setdiff1d(whole.labels, found.labels)):
            told = f"test_share {self.test_share} leaves no {split} picture of the class {whole.names[lost[0]]!r}"
            raise ValueError(f"{self.root}: {told}; add pictures to it, or change test_share")

    def readable_of(self, found: Collection, split: str) -> Collection:
        """Without pictures that cannot be read; a class that loses all of them is told, and counts as empty."""
        left = found.select(self.without_unreadable(split, found.pictures))
        for place in np.setdiff1d(found.labels, left.labels):
            which = f"{self.root / self.lies_in.get(split, '')}/{found.names[place]}"
            print_skipped(f"{which}: none of its {np.sum(found.labels == place):,} pictures can be read ({split})")
            self.skipped_groups.add(("empty classes", which))
        return left

    def without_unreadable(self, split: str, pictures: Pictures) -> np.ndarray:
        """Rows of those that can be read; all are tried once, since small sets are decoded at once."""
        rows = readable_rows(pictures, data_folder() / f"{self.folder}-{split}", self.skip_limit)
        self.skipped_at_setup[split] += len(pictures) - len(rows)
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

    def image_format(self):
        """With the names of the classes: a head is for labels in their order."""
        return super().image_format() | {"classes": str(Numbering(tuple(self.classes)))}
