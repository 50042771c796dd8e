"""Small pictures are decoded once, into a pack (data.disk.pack); others on every access.

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

THREADS = min(16, os.cpu_count() or 1)  # decoding releases the GIL
BLOCK = 1000  # pictures between two writes


def loaded(pictures: Pictures, path: Path, size: tuple[int, int] | None) -> torch.Tensor | Pictures:
    """All pictures decoded, uint8 (N, 3, *size). Without a size at their common size; unchanged if their sizes differ.

    path: where packs are kept, without the end of their names, which is a digest of the pictures (`stamps`) and the size.
    """
    stem = f"{path.name}-{digest(pictures)}-{'resized' if size else 'own'}"
    size = size or packed_size(path, stem) or common_dimensions(pictures)
    if size is None:
        return pictures

    def decoded_and_resized(index: int) -> torch.Tensor:
        return resized(pictures.picture(index)[None], size)[0]

    def blocks() -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(THREADS) as threads:
            for start in range(0, len(pictures), BLOCK):
                indices = range(start, min(start + BLOCK, len(pictures)))
                yield torch.stack(list(threads.map(decoded_and_resized, indices))).numpy()

    height, width = size
    return packed(path.with_name(f"{stem}-{height}x{width}.npy"), (len(pictures), 3, height, width), blocks)


def readable_rows(pictures: Pictures, path: Path, limit: float) -> np.ndarray:
    """Rows of the pictures that can be decoded, kept in a file. Unreadable if more than the fraction `limit` cannot."""
    path = path.with_name(f"{path.name}-{digest(pictures)}-readable.npy")
    if not path.exists():
        with locked(path):
            if not path.exists():  # another process may have been faster
                skipped = find_unreadable(pictures, limit)
                with replacing(path, locked=True) as part, part.open("wb") as file:
                    np.save(file, np.flatnonzero(~skipped.flags.numpy()))
    return np.load(path)


def find_unreadable(pictures: Pictures, limit: float) -> Skipped:
    """Decodes all pictures and flags those that cannot be."""
    skipped = Skipped(len(pictures), limit)
    with ThreadPoolExecutor(THREADS) as threads:
        for index, error in enumerate(threads.map(partial(decode_error, pictures), range(len(pictures)))):
            if error:
                skipped.add(index, error)
    return skipped


def decode_error(pictures: Pictures, index: int) -> Unreadable | None:
    try:
        pictures.picture(index)
    except Unreadable as error:
        return error
    return None


def common_dimensions(pictures: Pictures) -> tuple[int, int] | None:
    """The (H, W) of all pictures; None if they differ."""
    first = pictures.dimensions(0)
    for start in range(0, len(pictures), BLOCK):  # in blocks, as the first of them usually shows a difference
        with ThreadPoolExecutor(THREADS) as threads:
            indices = range(start, min(start + BLOCK, len(pictures)))
            if any(dimensions != first for dimensions in threads.map(pictures.dimensions, indices)):
                return None
    return first


def packed_size(path: Path, stem: str) -> tuple[int, int] | None:
    """(H, W) of the existing pack of that name: reading the headers of 50,000 pictures would take seconds."""
    for pack in path.parent.glob(f"{glob.escape(stem)}-*.npy"):
        height, width = pack.stem.rsplit("-", 1)[1].split("x")
        return int(height), int(width)
    return None


def digest(pictures: Pictures) -> str:
    stamp = hashlib.sha256()
    for line in pictures.stamps():
        stamp.update(f"{line}\n".encode(errors="surrogateescape"))  # file names may be any bytes
    return stamp.hexdigest()[:10]
