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

QUALITY = 72  # of the JPEG files in TFDS's btgraham-300, whose artefacts are thus in the images here, too
LISTS = {"train": ("trainLabels.csv", None), "test": ("retinopathy_solution.csv", "Private")}  # file, Usage of its rows


class Retinas(Files):
    """Photographs after Graham's pre-processing, which is done once: the results are JPEG files in a folder beside theirs."""

    def bytes_of(self, index):
        original, cached = Path(self.name(index)), self.cached(index)
        if original.exists() and cached.exists() and cached.stat().st_mtime_ns >= original.stat().st_mtime_ns:
            return cached.read_bytes()
        image = btgraham(decoded(super().bytes_of(index), str(original)))
        content = encode_jpeg(image, QUALITY).numpy().tobytes()
        cached.parent.mkdir(parents=True, exist_ok=True)
        with replacing(cached, locked=False) as part:  # several processes may write it at once
            part.write_bytes(content)
        return content

    def cached(self, index: int) -> Path:
        path = Path(self.name(index))
        return path.parent.with_name(f"{path.parent.name}-btgraham-300") / path.name


class Retinopathy(EncodedData):
    """Up to 540 x 540, 5 grades: 35,126 train and 42,670 test, the rows of Usage Private, as in VTAB.

    VTAB's validation part, the 10,906 rows of Usage Public, is unused: validation images are held out from the training
    split.
    """

    num_classes = 5

    def pictures(self, split):
        root, (name, usage) = data_folder() / "retinopathy", LISTS[split]
        path, folder = (first_existing([root / entry], advice(type(self))) for entry in (name, split))
        rows = grades(path, usage)
        if not rows:
            raise Damaged(f"{path} has no rows{f' of Usage {usage}' if usage else ''}; download it again")
        files = Retinas([folder / f"{image}.jpeg" for image, _ in rows], data_folder())
        return files, torch.tensor([grade for _, grade in rows])


def grades(path: Path, usage: str | None) -> list[tuple[str, int]]:
    """(name of the picture, grade) of the rows of that Usage, or of all rows."""
    with reading(path), open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        lines = [(reader.line_num, row) for row in reader]
    rows = []
    for number, row in lines:
        image, level = row.get("image") or "", row.get("level") or ""
        if level not in ("0", "1", "2", "3", "4") or not image or Path(image).name != image or "\0" in image:
            raise Damaged(
                f"{path}: line {number} is not the name of a picture and its level, 0 to 4; download it again"
            )
        if usage in (None, row.get("Usage")):
            rows.append((image, int(level)))
    return rows
