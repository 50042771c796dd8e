"""VTAB-1k exactly: the very 1,000 images a task, from the archive that others published (vtab-1k.zip of NOAH and SSF)."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch

from data.disk.damage import Damaged, first_existing, reading
from data.disk.folder import data_folder
from data.fetch.download import checksum_file, digests, record, recorded
from data.fetch.ledger import advice
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData

TASKS = {  # as Table 9 names them -> folder of the archive, classes, test images
    "Caltech101": ("caltech101", 102, 6_084),
    "CIFAR-100": ("cifar", 100, 10_000),
    "DTD": ("dtd", 47, 1_880),
    "Flowers102": ("oxford_flowers102", 102, 6_149),
    "Pets": ("oxford_iiit_pet", 37, 3_669),
    "Sun397": ("sun397", 397, 21_750),
    "SVHN": ("svhn", 10, 26_032),
    "Camelyon": ("patch_camelyon", 2, 32_768),
    "EuroSAT": ("eurosat", 10, 5_400),
    "Resisc45": ("resisc45", 45, 6_300),
    "Retinopathy": ("diabetic_retinopathy", 5, 42_670),
    "Clevr-Count": ("clevr_count", 8, 15_000),
    "Clevr-Dist": ("clevr_dist", 6, 15_000),
    "DMLab": ("dmlab", 6, 22_735),
    "dSpr-Loc": ("dsprites_loc", 16, 73_728),
    "dSpr-Ori": ("dsprites_ori", 16, 73_728),
    "KITTI-Dist": ("kitti", 4, 711),
    "sNORB-Azim": ("smallnorb_azi", 18, 12_150),
    "sNORB-Elev": ("smallnorb_ele", 9, 12_150),
}
# Where a stray file of the background's folder was drawn as one of its 30, TensorFlow Datasets has one test image more.
ALSO = {"caltech101": 6_085}
TRAIN, HELD = 800, 200


class Vtab1k(EncodedData):
    """A task of $VIT_DATA/vtab-1k: 800 training and 200 held-out images as its lists say, and the whole test split.

    task: a name of Table 9. held_out must be 200 and subset 800 or 1: nothing is drawn here. No checksums are published:
    the sha256 of a list is kept beside it when it is first read, and compared from then on.
    """

    def __init__(self, *, task: str, **common):
        super().__init__(**common)
        if task not in TASKS:
            raise ValueError(f"task is one of {', '.join(TASKS)}, not {task!r}")
        if (self.held_out, self.subset) not in ((HELD, TRAIN), (HELD, 1)):
            raise ValueError(
                f"VTAB-1k holds out 200 images and trains on 800, not {self.held_out:g} and {self.subset:g}"
            )
        if self.without:
            raise ValueError("VTAB-1k is 1,000 listed images; nothing can be left out of them")
        self.task, (self.source_folder, self.num_classes, self.test_images) = task, TASKS[task]

    def pictures(self, split):
        root = first_existing([data_folder() / "vtab-1k" / self.source_folder], advice(type(self)))
        train, held, test = (listed(root, name) for name in (f"train{TRAIN}", f"val{HELD}", "test"))
        self.check(root, train, held, test)
        files, labels = zip(*(test if split == "test" else train + held), strict=True)
        return Files([root / inside for inside in files], data_folder()), torch.tensor(labels)

    def check(self, root: Path, train: list, held: list, test: list) -> None:
        """Damaged unless the lists have their lengths, share no image, and agree with the list of all 1,000."""
        lengths = {"train800": (len(train), TRAIN), "val200": (len(held), HELD), "test": (len(test), self.test_images)}
        for name, (found, expected) in lengths.items():
            if found != expected and not (name == "test" and found == ALSO.get(self.source_folder)):
                raise Damaged(f"{root / name}.txt has {found:,} images, not {expected:,}; get the archive again")
        named_twice = [
            inside for inside, times in Counter(inside for inside, _ in train + held + test).items() if times > 1
        ]
        if named_twice:
            raise Damaged(f"{root}: {named_twice[0][:100]!r} is named twice in its lists; get the archive again")
        both = listed(root, f"train{TRAIN}val{HELD}")
        if [label for _, label in both] != [label for _, label in train + held]:
            raise Damaged(f"{root}/train800val200.txt is not train800.txt and val200.txt; get the archive again")
        for name in (*lengths, f"train{TRAIN}val{HELD}"):  # last: a list that is wrong must not become the known one
            path = root / f"{name}.txt"
            if not checksum_file(path).exists():
                record(path, digests(path)["sha256"])

    def kept_and_held(self, length):
        """Of the 1,000: the first 800 and the last 200, whatever split_seed is."""
        return np.arange(TRAIN), np.arange(TRAIN, length)


def listed(root: Path, name: str) -> list[tuple[str, int]]:
    """The lines of a list, 'images/test/000000.jpg 3'."""
    path = first_existing([root / f"{name}.txt"], "a list of vtab-1k.zip")
    check_digest(path)
    with reading(path):
        rows = [line.rsplit(maxsplit=1) for line in path.read_text().splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not row[1].isdecimal():
            raise Damaged(f"{path}: line {number} is not a file and its class; get the archive again")
        if Path(row[0]).is_absolute() or ".." in Path(row[0]).parts:
            raise Damaged(f"{path}: {row[0][:100]!r} leaves its folder; get the archive again")
    return [(inside, int(label)) for inside, label in rows]


def check_digest(path: Path) -> None:
    """Damaged if the list is not the one that was read first."""
    kept = checksum_file(path)
    if kept.exists() and recorded(path) != digests(path)["sha256"]:
        raise Damaged(f"{path} is not the list that was read first; get it again, or remove {kept.name} to accept it")
