"""Resisc45 of VTAB: 45 kinds of land seen from above (Cheng et al., 2017), from NWPU's zip or the folder unpacked from it."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from data.disk.damage import Damaged, first_existing, reading
from data.disk.folder import data_folder
from data.draws import permutation
from data.fetch.ledger import advice
from data.pictures.archives import open_archives
from data.pictures.classes import from_folders
from data.pictures.pictures import Pictures
from data.sets.encoded import EncodedData

NAME = "NWPU-RESISC45"


class Resisc45(EncodedData):
    """256 x 256, 45 classes of 700, in alphabetical order: three fifths train and one fifth test.

    The split follows resisc45-train.txt and resisc45-test.txt beside the pictures, one file name per line (Neumann et
    al., 2019; torchgeo). Without these lists it follows a seeded order; VTAB splits 60, 20 and 20 percent in TFDS's
    order, which cannot be known without it. The validation part is unused: validation images are held out from the
    training split.
    """

    num_classes = 45

    def pictures(self, split):
        root = data_folder() / "resisc45"
        source = first_existing([root / f"{NAME}.zip", root / NAME], advice(type(self)))
        pictures, paths = contents(source, self.on_error)
        classes = [path.parent.name for path in paths]
        names = sorted(set(classes))
        if len(names) != self.num_classes:
            raise Damaged(
                f"{source} has pictures of {len(names)} classes, not of {self.num_classes}; download it again"
            )
        self.class_names = names
        rows = split_rows(root, [path.name for path in paths], split)
        labels = np.searchsorted(names, [classes[row] for row in rows])
        return pictures.select(rows), torch.from_numpy(labels.astype(np.int64))


def contents(source: Path, on_error: str) -> tuple[Pictures, list[PurePosixPath]]:
    """All pictures of the zip or folder, and the path of each, which ends in CLASS/NAME."""
    if source.is_dir():
        files = from_folders(source, on_error).pictures
        return files, [PurePosixPath(files.name(index)) for index in range(len(files))]
    members = open_archives([source], on_error)
    return members, [PurePosixPath(members.inside(index)) for index in range(len(members))]


def split_rows(root: Path, names: Sequence[str], split: str) -> np.ndarray:
    """Sorted rows of a split, from the names of all pictures. Damaged if a list is missing or both name a picture."""
    lists = {part: root / f"resisc45-{part}.txt" for part in ("train", "test")}
    if missing := [path for path in lists.values() if not path.exists()]:
        if len(missing) == 1:
            raise Damaged(f"{missing[0]} is missing, but the other list exists; download it, or remove the other list")
        order, length = permutation(len(names), 0), len(names)
        return np.sort(order[: length * 60 // 100] if split == "train" else order[length * 80 // 100 :])
    rows = {part: listed_rows(path, names) for part, path in lists.items()}
    if len(both := np.intersect1d(rows["train"], rows["test"])):
        raise Damaged(
            f"{lists['test']}: {names[both[0]][:100]!r} is in resisc45-train.txt as well; download both lists again"
        )
    return rows[split]


def listed_rows(path: Path, names: Sequence[str]) -> np.ndarray:
    """Sorted rows of the pictures that a list names."""
    with reading(path):
        listed = [PurePosixPath(line.strip()).name for line in path.read_text().splitlines() if line.strip()]
    rows = {name: row for row, name in enumerate(names)}
    if missing := [name for name in listed if name not in rows]:
        raise Damaged(f"{path}: the picture {missing[0][:100]!r} does not exist; download the list and the set again")
    if not listed:
        raise Damaged(f"{path} is empty; download it again, or remove both lists")
    return np.unique([rows[name] for name in listed])
