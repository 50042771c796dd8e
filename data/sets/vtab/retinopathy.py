"""Diabetic retinopathy of VTAB: photographs of the retina from a Kaggle competition, graded 0 to 4."""

import csv
from pathlib import Path

import torch
from torchvision.io import encode_jpeg

from data.disk.damage import Damaged, first_existing, reading
from data.disk.folder import data_folder
from data.disk.replace import replacing
from data.fetch.ledger import advice
from data.pictures.decode import decoded
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.vtab.retina import btgraham

QUALITY = 72  # of the JPEG files that TFDS keeps of its btgraham-300
LISTS = {"train": ("trainLabels.csv", None), "test": ("retinopathy_solution.csv", "Private")}  # and the Usage of rows


class Eyes(Files):
    """Photographs as data.sets.vtab.retina makes them; each is made when it is first asked for, and kept in a folder beside them.

    What is kept is a JPEG of 72 percent, as in TFDS, so that everyone sees its traces.
    """

    def bytes_of(self, index):
        original, kept = Path(self.name(index)), self.kept(index)
        if original.exists() and kept.exists() and kept.stat().st_mtime_ns >= original.stat().st_mtime_ns:
            return kept.read_bytes()
        image = btgraham(decoded(super().bytes_of(index), str(original)))
        data = encode_jpeg(image, QUALITY).numpy().tobytes()
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replacing(kept, locked=False) as part:  # several processes may need it at once
            part.write_bytes(data)
        return data

    def kept(self, index: int) -> Path:
        path = Path(self.name(index))
        return path.parent.with_name(f"{path.parent.name}-btgraham-300") / path.name


class Retinopathy(EncodedData):
    """Up to 540 x 540, 5 grades: 35,126 train and 42,670 test, the rows of Usage Private, as in VTAB.

    VTAB validates on the 10,906 rows of Usage Public; they are left out: held-out images are training ones.
    """

    num_classes = 5

    def pictures(self, split):
        root, (name, usage) = data_folder() / "retinopathy", LISTS[split]
        path, folder = (first_existing([root / one], advice(type(self))) for one in (name, split))
        rows = grades(path, usage)
        if not rows:
            raise Damaged(f"{path} has no rows{f' of Usage {usage}' if usage else ''}; get it again")
        return Eyes([folder / f"{image}.jpeg" for image, _ in rows], data_folder()), torch.tensor([g for _, g in rows])


def grades(path: Path, usage: str | None) -> list[tuple[str, int]]:
    """(name of the picture, grade) of the rows of that Usage, or of all rows."""
    rows = []
    with reading(path), open(path, newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            image, level = row.get("image") or "", row.get("level") or ""
            if level not in ("0", "1", "2", "3", "4") or not image or Path(image).name != image or "\0" in image:
                raise Damaged(f"{path}: line {number} is no picture and its level, 0 to 4; get it again")
            if usage in (None, row.get("Usage")):
                rows.append((image, int(level)))
    return rows
