"""Files of a comparison in the data folder: pairs as CSV, the nearest pairs as a picture, a list of images to leave out."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data.disk.folder import data_folder
from data.disk.room import disk_errors
from data.overlap.hashed import file_name
from data.overlap.pairs import Overlap
from data.pictures.without import digest_of, list_text

COLUMNS = (
    *("transfer", "pretraining_index", "pretraining_name", "test_index", "test_name"),
    *("bits_apart", "mirrored"),
)
SHOWN, ACROSS, EDGE, LINE = 24, 4, 96, 14  # pairs of the picture, pairs in a row, pixels of an image, of its caption


def output_stem(pretraining: str, transfers: list[str]) -> Path:
    """Path of the outputs without their suffix: PRETRAIN--TRANSFER, or a digest where the names are too long for a file."""
    names = "+".join(map(file_name, transfers))
    if len(names) > 100:
        names = f"{len(transfers)}-sets-{hashlib.sha256(names.encode()).hexdigest()[:10]}"
    return data_folder() / "overlap" / f"{file_name(pretraining)}--{names}"


def write(results: list[Overlap], stem: Path) -> list[str]:
    """Write all comparisons of one pre-training set with transfer sets; the lines to print."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    table, sheet, listed = (stem.with_name(stem.name + suffix) for suffix in (".csv", ".png", ".txt"))
    with (
        disk_errors(table),
        # surrogateescape: names of files may hold bytes that are not UTF-8
        table.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for result in results:
            writer.writerows(table_rows(result))
    # One list for all transfer sets: the model is pre-trained once.
    rows = np.unique(np.concatenate([result.rows for result in results]))
    with disk_errors(listed):
        listed.write_bytes(
            list_text(rows, results[0].pretraining.hashes, about(results)).encode("utf-8", "surrogateescape")
        )
    lines = [f"pairs: {table}"]
    sheet.unlink(missing_ok=True)
    if any(map(len, results)):
        with disk_errors(sheet):
            contact_sheet(results).save(sheet)
        lines.append(f"nearest pairs: {sheet}")
    value = f"{listed.relative_to(data_folder())}@{digest_of(listed.read_bytes())}"
    return [*lines, f"to train without these {len(rows):,} images, give the data module  without: {value}"]


def about(results: list[Overlap]) -> str:
    """First line of the list. It is part of the list's digest, which configs hold: other words would rename runs."""
    tests = ", ".join(result.transfer.label for result in results)
    near = f"within {results[0].distance} of 63 bits of test images of {tests}"
    return f"training images of {results[0].pretraining.label} {near}"


def table_rows(result: Overlap) -> Iterator[tuple]:
    """Values of COLUMNS for each pair."""
    for row, test, apart, mirrored in zip(result.first, result.second, result.apart, result.mirrored, strict=True):
        names = (row, result.pretraining.name(row), test, result.transfer.name(test))
        yield result.transfer.label, *names, apart, int(mirrored)


def contact_sheet(results: list[Overlap]) -> Image.Image:
    """The nearest SHOWN pairs of all comparisons: the pre-training image, the test image to the right of it."""
    pairs = [(result.apart[k], n, k) for n, result in enumerate(results) for k in range(min(len(result), SHOWN))]
    nearest = sorted(pairs)[:SHOWN]
    wide, tall = 2 * EDGE + 8, EDGE + LINE + 4
    sheet = Image.new("RGB", (ACROSS * wide, -(-len(nearest) // ACROSS) * tall), "white")
    draw = ImageDraw.Draw(sheet)
    for position, (apart, number, k) in enumerate(nearest):
        result, (down, across) = results[number], divmod(position, ACROSS)
        x, y = across * wide, down * tall
        first, second = result.first[k], result.second[k]
        for column, image in enumerate((result.pretraining.picture(first), result.transfer.picture(second))):
            small = Image.fromarray(np.ascontiguousarray(image)).resize((EDGE, EDGE))
            sheet.paste(small, (x + column * (EDGE + 2), y))
        caption = f"{first} = {second}, {apart} bits" + (", mirrored" if result.mirrored[k] else "")
        draw.text((x, y + EDGE), caption, fill="black")
    return sheet
