"""`without`: images of the training split that a run leaves out, by a list in the data folder, such as near-duplicates of
test images (Section 4.1). The list's digest is part of the value, and so of the run's name.

A list is a text: a line that says how many of how many images it holds, then a line an image: its index in the training
split and its perceptual hash, by which a set that has changed since is told from the one that was listed.
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
ALIKE = 20  # bits; the same image resized for a run differs in fewer, another in about 31 of 63


class Without:
    """NAME@DIGEST: a list in the data folder and the first 10 digits of its SHA-256."""

    def __init__(self, value: str):
        """Nothing is read. ValueError if the value has another form."""
        match = VALUE.fullmatch(value)
        if not match or Path(match["name"]).is_absolute() or ".." in Path(match["name"]).parts:
            raise ValueError(f"without is NAME@DIGEST, a list in the data folder {data_folder()}, not {value!r}")
        self.name, self.digest = match["name"], match["digest"]

    def kept(self, images: torch.Tensor | Pictures) -> np.ndarray:
        """Sorted indices of the training images that the list does not hold."""
        path = data_folder() / self.name
        total, listed = read(path, self.digest)
        if total != len(images):
            raise ValueError(
                f"{path} is a list for {total:,} training images; there are {len(images):,} now: make it anew"
            )
        rows = np.array(sorted(listed), int)
        found = hashes(images[torch.from_numpy(rows)] if isinstance(images, torch.Tensor) else images.select(rows))
        for row, now in zip(rows.tolist(), found.plain.tolist(), strict=True):
            if (now ^ listed[row]).bit_count() > ALIKE:
                raise ValueError(f"{path}: training image {row} is not the one that was listed; make the list anew")
        return np.setdiff1d(np.arange(total), rows)


def read(path: Path, digest: str) -> tuple[int, dict[int, int]]:
    """Size of the training split, and index -> hash of the images to leave out."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such list; python -m data.overlap writes one")
    data = path.read_bytes()
    if (now := digest_of(data)) != digest:
        raise ValueError(f"{path} is not the list with digest {digest}; as it is now, it is named by {path.name}@{now}")
    head, *lines = data.decode(errors="replace").splitlines() or [""]
    if not (sizes := HEAD.fullmatch(head)):
        raise ValueError(f"{path}, line 1: '# LISTED of ALL ...' was expected, found {head[:80]!r}")
    size, total = map(int, sizes.groups())
    listed = {}
    for number, line in enumerate(lines, 2):
        match = LINE.fullmatch(line)
        if not match or not int(match[1]) < total or int(match[1]) in listed:
            raise ValueError(
                f"{path}, line {number}: an index below {total} and a hash were expected, found {line[:80]!r}"
            )
        listed[int(match[1])] = int(match[2], 16)
    if len(listed) != size:
        raise ValueError(f"{path} holds {len(listed):,} images, not {size:,} as its first line says; make it anew")
    return total, listed


def list_text(rows: np.ndarray, found: Hashes, about: str) -> str:
    """The list of these images of the training split; about: what it is, for people, in one line."""
    lines = [f"{row} {found.plain[row]:016x}" for row in rows.tolist()]
    return "\n".join([f"# {len(rows)} of {len(found)} {' '.join(about.split())}", *lines, ""])


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:10]
