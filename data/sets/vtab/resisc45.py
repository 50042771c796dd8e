"""Resisc45 of VTAB: 45 kinds of land seen from above (Cheng et al., 2017), from NWPU's zip or the folder unpacked from it."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from data.disk.damage import Damaged, first_existing, reading
from data.disk.folder import data_folder
from data.draws import permutation
from data.fetch.ledger import advice
from data.pictures.archives import opened
from data.pictures.classes import of_folders
from data.pictures.pictures import Pictures
from data.sets.encoded import EncodedData

NAME = "NWPU-RESISC45"


class Resisc45(EncodedData):
    """256 x 256, 45 classes of 700, in alphabetical order: three fifths train and one fifth test.

    The parts are those of resisc45-train.txt and resisc45-test.txt if both lie beside the pictures, file names in lines
    (Neumann et al., 2019; torchgeo). Otherwise they are our own, from a seeded order. VTAB's are 60, 20 and 20 percent
    in TFDS's order, which cannot be known without it. The validation part is left out: held-out images are training ones.
    """

    num_classes = 45

    def pictures(self, split):
        root = data_folder() / "resisc45"
        place = first_existing([root / f"{NAME}.zip", root / NAME], advice(type(self)))
        found, inside = contents(place, self.on_error)
        classes = [path.parent.name for path in inside]
        names = sorted(set(classes))
        if len(names) != self.num_classes:
            raise Damaged(f"{place} holds pictures of {len(names)} classes, not of {self.num_classes}; get it again")
        rows = part(root, [path.name for path in inside], split)
        labels = np.searchsorted(names, [classes[row] for row in rows])
        return found.only(rows), torch.from_numpy(labels.astype(np.int64))


def contents(place: Path, on_error: str) -> tuple[Pictures, list[PurePosixPath]]:
    """All pictures of the zip or folder, and the path of each, which ends in CLASS/NAME."""
    if place.is_dir():
        found = of_folders(place, on_error).pictures
        return found, [PurePosixPath(found.name(index)) for index in range(len(found))]
    members = opened([place], on_error)
    return members, [PurePosixPath(members.inside(index)) for index in range(len(members))]


def part(root: Path, names: Sequence[str], split: str) -> np.ndarray:
    """Sorted rows of a split, from the names of all pictures. Damaged if a list is alone, or both name a picture."""
    lists = {kind: root / f"resisc45-{kind}.txt" for kind in ("train", "test")}
    if missing := [path for path in lists.values() if not path.exists()]:
        if len(missing) == 1:
            raise Damaged(f"{missing[0]} is missing beside the other list; bring it, or remove the other one")
        order, length = permutation(len(names), 0), len(names)
        return np.sort(order[: length * 60 // 100] if split == "train" else order[length * 80 // 100 :])
    rows = {kind: listed(path, names) for kind, path in lists.items()}
    if len(both := np.intersect1d(rows["train"], rows["test"])):
        raise Damaged(
            f"{lists['test']}: {names[both[0]][:100]!r} is in the list of training pictures too; get both again"
        )
    return rows[split]


def listed(path: Path, names: Sequence[str]) -> np.ndarray:
    """Sorted rows of the pictures that a list names."""
    with reading(path):
        wanted = [PurePosixPath(line.strip()).name for line in path.read_text().splitlines() if line.strip()]
    rows = {name: row for row, name in enumerate(names)}
    if missing := [name for name in wanted if name not in rows]:
        raise Damaged(f"{path}: there is no picture {missing[0][:100]!r}; get both again")
    if not wanted:
        raise Damaged(f"{path} is empty; get it again, or remove the lists")
    return np.unique([rows[name] for name in wanted])
