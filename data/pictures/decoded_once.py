"""Small pictures are decoded once, into a pack; others whenever they are needed.

N pictures, H and W height and width of one.
"""

import glob
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from data.disk.lock import locked
from data.disk.pack import packed
from data.disk.replace import replacing
from data.pictures.decode import Unreadable
from data.pictures.pictures import Pictures
from data.pictures.skipped import Skipped
from data.transforms.resize import resized

THREADS = min(16, os.cpu_count() or 1)  # decoding lets go of Python's lock
BLOCK = 1000  # pictures between two writes


def loaded(pictures: Pictures, place: Path, size: tuple[int, int] | None) -> torch.Tensor | Pictures:
    """All of them decoded, uint8 (N, 3, *size); where size is None, at their own size, or as they are if sizes differ.

    What was decoded is kept in a pack at `place`, with a digest of what the pictures are in its name: a picture that was
    changed, added or removed makes another one.
    """
    stem = f"{place.name}-{digest(pictures)}-{'resized' if size else 'own'}"
    size = size or packed_size(place, stem) or common_dimensions(pictures)
    if size is None:
        return pictures

    def small(index: int) -> torch.Tensor:
        return resized(pictures.picture(index)[None], size)[0]

    def blocks() -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(THREADS) as threads:
            for start in range(0, len(pictures), BLOCK):
                part = range(start, min(start + BLOCK, len(pictures)))
                yield torch.stack(list(threads.map(small, part))).numpy()

    height, width = size
    return packed(place.with_name(f"{stem}-{height}x{width}.npy"), (len(pictures), 3, height, width), blocks)


def readable(pictures: Pictures, place: Path, limit: float) -> np.ndarray:
    """Rows of the pictures that can be decoded, found out once. Unreadable if more than the share `limit` cannot."""
    path = place.with_name(f"{place.name}-{digest(pictures)}-readable.npy")
    if not path.exists():
        with locked(path):
            if not path.exists():  # another process may have been faster
                skipped = unreadable_of(pictures, limit)
                with replacing(path, locked=True) as part, part.open("wb") as file:
                    np.save(file, np.flatnonzero(~skipped.flags.numpy()))
    return np.load(path)


def unreadable_of(pictures: Pictures, limit: float) -> Skipped:
    skipped = Skipped(len(pictures), limit)
    with ThreadPoolExecutor(THREADS) as threads:
        for index, error in enumerate(threads.map(partial(problem, pictures), range(len(pictures)))):
            if error:
                skipped.add(index, error)
    return skipped


def problem(pictures: Pictures, index: int) -> Unreadable | None:
    try:
        pictures.picture(index)
    except Unreadable as error:
        return error
    return None


def common_dimensions(pictures: Pictures) -> tuple[int, int] | None:
    """The (H, W) that all of them have; None if they differ, which the first few usually show."""
    first = pictures.dimensions(0)
    for start in range(0, len(pictures), BLOCK):
        with ThreadPoolExecutor(THREADS) as threads:
            part = range(start, min(start + BLOCK, len(pictures)))
            if any(found != first for found in threads.map(pictures.dimensions, part)):
                return None
    return first


def packed_size(place: Path, stem: str) -> tuple[int, int] | None:
    """(H, W) of the pack of that name, if there is one: opening 50,000 files to read their heads takes seconds."""
    for path in place.parent.glob(f"{glob.escape(stem)}-*.npy"):
        height, width = path.stem.rsplit("-", 1)[1].split("x")
        return int(height), int(width)
    return None


def digest(pictures: Pictures) -> str:
    stamp = hashlib.sha256()
    for line in pictures.stamps():
        stamp.update(f"{line}\n".encode(errors="surrogateescape"))  # a name may be any bytes
    return stamp.hexdigest()[:10]
