"""What a comparison leaves in the data folder: pairs as CSV, the nearest as a picture, the images to leave out as a list."""

import csv
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data.disk.folder import data_folder
from data.disk.room import written_to
from data.overlap.common import Overlap
from data.overlap.hashed import file_name
from data.pictures.without import digest_of, list_text

COLUMNS = (
    *("transfer", "pretraining_index", "pretraining_name", "test_index", "test_name"),
    *("bits_apart", "mirrored"),
)
SHOWN, ACROSS, EDGE, LINE = 24, 4, 96, 14  # pairs of the picture, pairs in a row, pixels of an image, of its caption


def place(pretraining: str, transfers: list[str]) -> Path:
    """Where the files lie, but for the suffix: PRETRAIN--TRANSFER, or a digest of the names of very many."""
    names = "+".join(map(file_name, transfers))
    if len(names) > 100:
        names = f"{len(transfers)}-sets-{hashlib.sha256(names.encode()).hexdigest()[:10]}"
    return data_folder() / "overlap" / f"{file_name(pretraining)}--{names}"


def write(found: list[Overlap], stem: Path) -> list[str]:
    """All comparisons of one pre-training set with transfer sets; gives back what a person should know, line by line."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    table, sheet, listed = (stem.with_name(stem.name + suffix) for suffix in (".csv", ".png", ".txt"))
    with (
        written_to(table),
        table.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,  # names may be any bytes
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in found:
            writer.writerows(lines(one))
    rows = np.unique(np.concatenate([one.rows for one in found]))  # one list: the set is pre-trained on once
    with written_to(listed):
        listed.write_bytes(
            list_text(rows, found[0].pretraining.hashes, about(found)).encode("utf-8", "surrogateescape")
        )
    said = [f"pairs: {table}"]
    sheet.unlink(missing_ok=True)
    if any(map(len, found)):
        with written_to(sheet):
            contact_sheet(found).save(sheet)
        said.append(f"the nearest of them: {sheet}")
    value = f"{listed.relative_to(data_folder())}@{digest_of(listed.read_bytes())}"
    return [*said, f"to train without these {len(rows):,} images, give the data module  without: {value}"]


def about(found: list[Overlap]) -> str:
    tests = ", ".join(one.transfer.label for one in found)
    near = f"within {found[0].distance} of 63 bits of test images of {tests}"
    return f"training images of {found[0].pretraining.label} {near}"


def lines(found: Overlap):
    for row, test, apart, mirrored in zip(found.first, found.second, found.apart, found.mirrored, strict=True):
        names = (row, found.pretraining.name(row), test, found.transfer.name(test))
        yield found.transfer.label, *names, apart, int(mirrored)


def contact_sheet(found: list[Overlap]) -> Image.Image:
    """The nearest pairs of all comparisons, the pre-training image at the left of the test image."""
    pairs = [(one.apart[k], number, k) for number, one in enumerate(found) for k in range(min(len(one), SHOWN))]
    nearest = sorted(pairs)[:SHOWN]
    wide, tall = 2 * EDGE + 8, EDGE + LINE + 4
    sheet = Image.new("RGB", (ACROSS * wide, -(-len(nearest) // ACROSS) * tall), "white")
    draw = ImageDraw.Draw(sheet)
    for position, (apart, number, k) in enumerate(nearest):
        one, (down, across) = found[number], divmod(position, ACROSS)
        left, top = across * wide, down * tall
        for step, image in enumerate((one.pretraining.picture(one.first[k]), one.transfer.picture(one.second[k]))):
            small = Image.fromarray(np.ascontiguousarray(image)).resize((EDGE, EDGE))
            sheet.paste(small, (left + step * (EDGE + 2), top))
        caption = f"{one.first[k]} = {one.second[k]}, {apart} bits" + (", mirrored" if one.mirrored[k] else "")
        draw.text((left, top + EDGE), caption, fill="black")
    return sheet
