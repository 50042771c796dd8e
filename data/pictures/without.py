"""`without`: a list of training images that a run leaves out, such as near-duplicates of test images (Section 4.1).

A list is a text file in the data folder. Its first line is "# LISTED of ALL ...", the numbers of images; each further line
is the index of an image in the training split and its perceptual hash, which shows whether the set has changed since.
"""

import hashlib
import re
from pathlib import Path

import numpy as np
import torch

from data.disk.folder import data_folder
from data.pictures.perceptual import Hashes, hashes
from data.pictures.pictures import Pictures

VALUE = re.compile(r"(?P<name>[^@]+)@(?P<digest>[0-9a-f]{10})")
HEAD = re.compile(r"# (\d{1,12}) of (\d{1,12}) .*")
LINE = re.compile(r"(\d{1,12}) ([0-9a-f]{16})")
ALIKE = 20  # bits; the same image resized differs in fewer, another image in about 31 of 63


class Without:
    """NAME@DIGEST: a list in the data folder and the first 10 digits of its SHA-256, which so enters the run's id."""

    def __init__(self, value: str):
        """Does not read the list. ValueError for a value of another form."""
        match = VALUE.fullmatch(value)
        if not match or Path(match["name"]).is_absolute() or ".." in Path(match["name"]).parts:
            raise ValueError(
                f"without must be NAME@DIGEST, NAME a list in the data folder {data_folder()}, not {value!r}"
            )
        self.name, self.digest = match["name"], match["digest"]

    def kept(self, images: torch.Tensor | Pictures) -> np.ndarray:
        """Sorted indices of the training images that are not listed."""
        path = data_folder() / self.name
        total, listed = read(path, self.digest)
        if total != len(images):
            raise ValueError(
                f"{path} lists images of a training split of {total:,}, which now has {len(images):,}; make the list again"
            )
        rows = np.array(sorted(listed), int)
        images = images[torch.from_numpy(rows)] if isinstance(images, torch.Tensor) else images.select(rows)
        for row, current in zip(rows.tolist(), hashes(images).plain.tolist(), strict=True):
            if (current ^ listed[row]).bit_count() > ALIKE:
                raise ValueError(f"{path}: training image {row} has changed since it was listed; make the list again")
        return np.setdiff1d(np.arange(total), rows)


def read(path: Path, digest: str) -> tuple[int, dict[int, int]]:
    """Size of the training split, and index -> hash of the listed images."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; python -m data.overlap writes such lists")
    data = path.read_bytes()
    if (actual := digest_of(data)) != digest:
        raise ValueError(
            f"{path} has digest {actual}, not {digest}; restore the list, or give the data module the new digest"
        )
    head, *lines = data.decode(errors="replace").splitlines() or [""]
    if not (sizes := HEAD.fullmatch(head)):
        raise ValueError(f"{path}, line 1: expected '# LISTED of ALL ...', not {head[:80]!r}")
    size, total = map(int, sizes.groups())
    listed = {}
    for number, line in enumerate(lines, 2):
        match = LINE.fullmatch(line)
        if not match or not int(match[1]) < total or int(match[1]) in listed:
            raise ValueError(f"{path}, line {number}: expected a new index below {total} and a hash, not {line[:80]!r}")
        listed[int(match[1])] = int(match[2], 16)
    if len(listed) != size:
        raise ValueError(f"{path} lists {len(listed):,} images, but its first line states {size:,}; make it again")
    return total, listed


def list_text(rows: np.ndarray, hashes: Hashes, about: str) -> str:
    """The list of the images at `rows` of the training split. about: a description for its first line."""
    lines = [f"{row} {hashes.plain[row]:016x}" for row in rows.tolist()]
    return "\n".join([f"# {len(rows)} of {len(hashes)} {' '.join(about.split())}", *lines, ""])


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:10]
