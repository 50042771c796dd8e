"""Files of images that are made once: uint8 in numpy's .npy format, opened as memory maps."""

import io
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from data.disk.lock import locked
from data.disk.room import check_disk, written_to


def packed(path: Path, shape: tuple[int, ...], make: Callable[[], Iterable[np.ndarray]]) -> torch.Tensor:
    """The images in the file; if it is missing or cut short, `make` yields them in blocks and it is written first.

    ValueError where the disk has no room for it, OSError where it is full nevertheless.
    """
    head = header(shape)
    if not complete(path, head, shape):
        with locked(path):
            if not complete(path, head, shape):  # another process may have been faster
                if path.exists():
                    print(f"{path} is cut short or too long; making it again", file=sys.stderr)
                check_disk(path, len(head) + math.prod(shape), f"{shape[0]:,} images")
                write(path, head, announced(make(), path, shape[0]))
    # Copy on write: torch wants memory it could write to, the file stays as it is.
    return torch.from_numpy(np.memmap(path, np.uint8, mode="c", offset=len(head), shape=shape))


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def complete(path: Path, head: bytes, shape: tuple[int, ...]) -> bool:
    return path.exists() and path.stat().st_size == len(head) + math.prod(shape)


def write(path: Path, head: bytes, blocks: Iterable[np.ndarray]) -> None:
    with written(path) as file:
        file.write(head)
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write: by a temporary name, then renamed: presence means finished. Under a lock, which makes the one name enough."""
    part = path.with_suffix(".part")
    try:
        with written_to(path), part.open("wb") as file:
            yield file
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def announced(blocks: Iterable[np.ndarray], path: Path, total: int) -> Iterator[np.ndarray]:
    """Passes the blocks on; says once how long they will take, if that is more than a moment."""
    start, done, said = time.monotonic(), 0, False
    for block in blocks:
        yield block
        done, passed = done + len(block), time.monotonic() - start
        if not said and passed > 2 and done < total:
            left = passed * (total - done) / done
            print(f"making {path}, about {left:.0f} s left", file=sys.stderr, flush=True)
            said = True
