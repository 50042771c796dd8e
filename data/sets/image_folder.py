"""Your own pictures, without Python: one folder per class, or archives of such folders or of WebDataset samples."""

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


def unreadable_class(listing: Collection, error: Unreadable) -> Unreadable | None:
    """The error of a whole class, if the picture that `error` names and all others of its class are unreadable."""
    row = next((row for row in range(len(listing.labels)) if str(error).startswith(listing.pictures.name(row))), None)
    if row is None:
        return None
    rows = np.flatnonzero(listing.labels == listing.labels[row])
    if any(decode_error(listing.pictures, int(member)) is None for member in rows):
        return None
    name = listing.names[listing.labels[row]]
    return Unreadable(f"none of the {len(rows):,} pictures of the class {name!r} can be read; the first: {error}")


class ImageFolder(ImageData):
    """Pictures in FOLDER/train/CLASS/ and FOLDER/test/CLASS/, or in FOLDER/CLASS/ with a `test_share` drawn from each class.

    Without test, val is the test part; beside test, val is not used. Every part needs pictures of two classes or more.
    Instead of these folders there may be archives, read without unpacking: train*.tar, test*.zip; classes are the
    folders in them, or the numbers that WebDataset samples state.

    folder: its name in the data folder ($VIT_DATA), so that a run's name does not depend on where the pictures are.
    test_share: the fraction of each class that is the test split; only for a folder without train and test.

    Labels follow the alphabetical order of the class names. Pictures are decoded once if all have one size or `resize`
    is 'once'; otherwise whenever a batch needs them.
    """

    def __init__(self, *, folder: str, test_share: float | None = None, **common):
        super().__init__(**common)
        if Path(folder).is_absolute() or ".." in Path(folder).parts:
            raise ValueError(
                f"folder must be a name in the data folder {data_folder()}, not {folder!r}; VIT_DATA sets the data folder"
            )
        self.folder, self.test_share = folder, test_share
        self.root = data_folder() / folder
        self.has_parts = has_part(self.root, "train")
        if not self.has_parts:
            check_unpacked(self.root)
        if self.has_parts and test_share is not None:
            raise ValueError(
                f"{self.root} has a train part, so its test pictures are in test or val; remove test_share"
            )
        if not self.has_parts and test_share is None:
            raise ValueError(f"{self.root}: {missing_train(self.root)}")
        if test_share is not None and not 0 < test_share < 1:
            raise ValueError(f"test_share must be a fraction between 0 and 1, not {test_share}")
        self.readable: dict[str, tuple[np.ndarray, int]] = {}  # split -> rows of readable pictures, number of all
        self.class_names = self.list_classes()
        self.num_classes = len(self.class_names)
        self.part_names = {"train": "train"}  # split -> name of its folder or archives
        if self.has_parts:
            self.part_names["test"] = name_of_test_part(self.root)
            train, test = (self.root / self.part_names[split] for split in ("train", "test"))
            if test.exists() and train.resolve() == test.resolve():
                raise ValueError(f"{test} and {train} are the same folder; test on other pictures")
            print_unused(self.root)

    def list_classes(self) -> list[str]:
        """Of the training pictures, none of which is opened."""
        if self.has_parts and not in_folders(self.root, "train"):
            return collection(self.root, "train", self.on_error).names
        return subfolders(self.root / "train" if self.has_parts else self.root)

    def test_listing(self):
        listing = self.listing("test")
        return listing.pictures, torch.from_numpy(listing.labels)

    def arrays(self, split):
        listing = self.listing(split)
        size = (self.image_size,) * 2 if self.resize == "once" else None
        path = data_folder() / f"{self.folder}-{split}"
        try:
            if self.on_error == "skip":
                listing = self.readable_listing(listing, split)
            return loaded(listing.pictures, path, size), torch.from_numpy(listing.labels)
        except Unreadable as error:
            raise unreadable_class(listing, error) or error from None

    def checked_arrays(self, split):
        # Names first: a set of a single class is refused before its pictures are decoded.
        check_two_classes(self.class_names, self.root, self.root)
        images, *labels = super().checked_arrays(split)
        present = [self.class_names[label] for label in labels[0].unique().tolist()]
        check_two_classes(present, self.root / self.part_names.get(split, split), self.root)
        return images, *labels

    def listing(self, split: str) -> Collection:
        """The pictures of a split, class by class."""
        if self.has_parts:
            listing = collection(self.root, self.part_names[split], self.on_error, self.class_names)
        else:
            both = from_folders(self.root, self.on_error)
            train, test = stratified(both.labels, round(self.test_share * len(both.labels)), seed=0)
            listing = both.select(train if split == "train" else test)
            self.check_share(both, listing, split)
        self.skipped_groups |= skipped_groups(listing.pictures, split, self.skip_limit)
        return listing

    def check_share(self, both: Collection, listing: Collection, split: str) -> None:
        """ValueError for a class with pictures of which the split gets none."""
        if len(absent := np.setdiff1d(both.labels, listing.labels)):
            raise ValueError(
                f"{self.root}: test_share {self.test_share} leaves no {split} picture of the class"
                f" {both.names[absent[0]]!r}; add pictures to it, or change test_share"
            )

    def readable_listing(self, listing: Collection, split: str) -> Collection:
        """Without unreadable pictures. A class without readable pictures is printed and counted as an empty class."""
        readable = listing.select(self.find_readable(split, listing.pictures))
        for label in np.setdiff1d(listing.labels, readable.labels):
            count = np.sum(listing.labels == label)
            class_folder = f"{self.root / self.part_names.get(split, '')}/{listing.names[label]}"
            print_skipped(f"{class_folder}: none of its {count:,} pictures can be read ({split})")
            self.skipped_groups.add(("empty classes", class_folder))
        return readable

    def find_readable(self, split: str, pictures: Pictures) -> np.ndarray:
        """Rows of readable pictures. Tries all of them, since a pack of a small set is decoded at setup anyway."""
        rows = readable_rows(pictures, data_folder() / f"{self.folder}-{split}", self.skip_limit)
        self.skipped_at_setup[split] += len(pictures) - len(rows)
        self.readable[split] = rows, len(pictures)
        return rows

    def kept_and_held(self, length):
        """Drawn from all pictures, so that an unreadable one is missing in its part and no other picture changes parts.

        If pictures are left out for other reasons as well, drawn from the remaining ones.
        """
        rows, total = self.readable.get("train", (np.arange(length), length))
        if len(rows) != length:
            return super().kept_and_held(length)
        return tuple(np.flatnonzero(np.isin(rows, part)) for part in super().kept_and_held(total))

    def image_format(self):
        """With the names of the classes: the outputs of a head are in their order."""
        return super().image_format() | {"classes": str(Numbering(tuple(self.class_names)))}
