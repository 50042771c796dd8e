"""Picture files of any size: decoded when they are asked for, or once into a pack.

N pictures, H and W height and width of one, S image size.
"""

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_image

from data.pack import packed
from data.resize import resized

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
ORIENTATION = 0x0112  # EXIF; values from 5 on lay the picture on its side
THREADS = min(16, os.cpu_count() or 1)  # decoding lets go of Python's lock


class Pictures:
    """Files that behave like a tensor of images; `pictures[indices]` is a list of uint8 (3, H, W), decoded in place."""

    def __init__(self, files: Sequence[Path]):
        self.files = np.array([str(path) for path in files])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, indices: Sequence[int]) -> list[torch.Tensor]:
        return [decoded(path) for path in self.files[np.asarray(indices)]]

    def only(self, indices: Sequence[int]) -> "Pictures":
        return Pictures(self.files[np.asarray(indices)])


def decoded(path: str | Path) -> torch.Tensor:
    """uint8 (3, H, W), upright as its EXIF tag says; grey, palette and transparent pictures become RGB."""
    try:
        image = decode_image(str(path), "RGB", apply_exif_orientation=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is no readable picture ({reason}); repair or remove it") from error
    if image.ndim != 3:
        raise ValueError(f"{path} holds several pictures; keep one")
    return image if image.dtype == torch.uint8 else (image.int() // 256).to(torch.uint8)  # 16 bits


def dimensions(path: str | Path) -> tuple[int, int]:
    """(H, W) from the head of a file, upright as it will be decoded."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            lying = image.getexif().get(ORIENTATION, 1) >= 5
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no readable picture ({error}); repair or remove it") from error
    return (width, height) if lying else (height, width)


def common_dimensions(files: Sequence[Path]) -> tuple[int, int] | None:
    """The (H, W) that all of them have; None if they differ, which the first few usually show."""
    first = dimensions(files[0])
    for start in range(0, len(files), 1000):
        with ThreadPoolExecutor(THREADS) as threads:
            if any(found != first for found in threads.map(dimensions, files[start : start + 1000])):
                return None
    return first


def loaded(files: Sequence[Path], place: Path, size: tuple[int, int] | None) -> torch.Tensor | Pictures:
    """All pictures decoded, uint8 (N, 3, *size); where size is None, at their own size, or Pictures if sizes differ.

    What was decoded is kept in a pack at `place`, with a digest of the files' names, lengths and times in its name: a
    picture that was changed, added or removed makes another one.
    """
    stem = f"{place.name}-{digest(files, place.parent)}-{'resized' if size else 'own'}"
    size = size or packed_size(place, stem) or common_dimensions(files)
    if size is None:
        return Pictures(files)

    def small(path: Path) -> torch.Tensor:
        return resized(decoded(path)[None], size)[0]

    def blocks() -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(THREADS) as threads:
            for start in range(0, len(files), 1000):
                yield torch.stack(list(threads.map(small, files[start : start + 1000]))).numpy()

    height, width = size
    return packed(place.with_name(f"{stem}-{height}x{width}.npy"), (len(files), 3, height, width), blocks)


def packed_size(place: Path, stem: str) -> tuple[int, int] | None:
    """(H, W) of the pack of that name, if there is one: opening 50,000 files to read their heads takes seconds."""
    for path in place.parent.glob(f"{glob.escape(stem)}-*.npy"):
        height, width = path.stem.rsplit("-", 1)[1].split("x")
        return int(height), int(width)
    return None


def digest(files: Sequence[Path], root: Path) -> str:
    stamp = hashlib.sha256()
    for path in files:
        state = os.stat(path)
        stamp.update(f"{path.relative_to(root)} {state.st_size} {state.st_mtime_ns}\n".encode())
    return stamp.hexdigest()[:10]
