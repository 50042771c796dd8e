"""VTAB-1k: the 1,000 images of each task as listed in a published archive (vtab-1k.zip of NOAH and SSF)."""

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
# BACKGROUND_Google has a stray file; if it is among the 30 training files, TensorFlow Datasets has one test image more.
ALTERNATIVES = {"caltech101": 6_085}
TRAIN, HELD = 800, 200


class Vtab1k(EncodedData):
    """A task of $VIT_DATA/vtab-1k: the listed 800 training and 200 held-out images, and the whole test split.

    task: a name in Table 9. held_out must be 200 and subset 800 or 1, since the lists fix the parts. No checksums are
    published: the sha256 of a list is recorded beside it when it is first read, and compared later.
    """

    def __init__(self, *, task: str, **common):
        super().__init__(**common)
        if task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, not {task!r}")
        if (self.held_out, self.subset) not in ((HELD, TRAIN), (HELD, 1)):
            raise ValueError(
                f"Vtab1k needs held_out: 200 and subset: 800 or 1, not {self.held_out:g} and {self.subset:g}"
            )
        if self.without:
            raise ValueError("Vtab1k cannot use a `without` list, since VTAB-1k is exactly 1,000 listed images")
        self.task, (self.source_folder, self.num_classes, self.test_images) = task, TASKS[task]

    def pictures(self, split):
        root = first_existing([data_folder() / "vtab-1k" / self.source_folder], advice(type(self)))
        train, held, test = (listed(root, name) for name in (f"train{TRAIN}", f"val{HELD}", "test"))
        self.check(root, train, held, test)
        files, labels = zip(*(test if split == "test" else train + held), strict=True)
        return Files([root / file for file in files], data_folder()), torch.tensor(labels)

    def check(self, root: Path, train: list, held: list, test: list) -> None:
        """Damaged unless the lists have their lengths, share no image and agree with the list of all 1,000."""
        lengths = {"train800": (len(train), TRAIN), "val200": (len(held), HELD), "test": (len(test), self.test_images)}
        for name, (actual, expected) in lengths.items():
            if actual != expected and not (name == "test" and actual == ALTERNATIVES.get(self.source_folder)):
                raise Damaged(f"{root / name}.txt has {actual:,} images, not {expected:,}; download the archive again")
        counts = Counter(image for image, _ in train + held + test)
        if repeated := [image for image, count in counts.items() if count > 1]:
            raise Damaged(f"{root}: {repeated[0][:100]!r} is named twice in its lists; download the archive again")
        both = listed(root, f"train{TRAIN}val{HELD}")
        # labels only: its file names differ
        if [label for _, label in both] != [label for _, label in train + held]:
            raise Damaged(
                f"{root}/train800val200.txt differs from train800.txt and val200.txt; download the archive again"
            )
        for name in (*lengths, f"train{TRAIN}val{HELD}"):  # last, so that no wrong list is recorded
            path = root / f"{name}.txt"
            if not checksum_file(path).exists():
                record(path, digests(path)["sha256"])

    def kept_and_held(self, length):
        """The first 800 and the last 200 of the 1,000; split_seed has no effect."""
        return np.arange(TRAIN), np.arange(TRAIN, length)


def listed(root: Path, name: str) -> list[tuple[str, int]]:
    """(file, class) of each line of a list, such as 'images/test/000000.jpg 3'."""
    path = first_existing([root / f"{name}.txt"], "a list of vtab-1k.zip")
    check_digest(path)
    with reading(path):
        rows = [line.rsplit(maxsplit=1) for line in path.read_text().splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not row[1].isdecimal():
            raise Damaged(f"{path}: line {number} is not a file and its class; download the archive again")
        if Path(row[0]).is_absolute() or ".." in Path(row[0]).parts:
            raise Damaged(f"{path}: {row[0][:100]!r} is outside the task's folder; download the archive again")
    return [(file, int(label)) for file, label in rows]


def check_digest(path: Path) -> None:
    """Damaged if the list has changed since it was first read."""
    checksum = checksum_file(path)
    if checksum.exists() and recorded(path) != digests(path)["sha256"]:
        raise Damaged(
            f"{path} has changed since it was first read; download it again, or remove {checksum.name} to accept it"
        )
