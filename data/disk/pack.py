"""Packs: uint8 images in one .npy file, written once and opened as a memory map."""

import io
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from data.disk.lock import locked
from data.disk.replace import replacing
from data.disk.room import check_disk


def packed(path: Path, shape: tuple[int, ...], make: Callable[[], Iterable[np.ndarray]]) -> torch.Tensor:
    """uint8 images of this shape from the file. If it is missing or truncated, it is first written from make()'s blocks.

    ValueError if the disk has too little room for it, OSError if the disk fills up while it is written.
    """
    head = header(shape)
    if not complete(path, head, shape):
        with locked(path):
            if not complete(path, head, shape):  # another process may have written it while this one waited
                if path.exists():
                    print(f"{path} has the wrong size; making it again", file=sys.stderr)
                check_disk(path, len(head) + math.prod(shape), f"{shape[0]:,} images")
                write(path, head, announced(make(), path, shape[0]))
    # Mode "c", copy on write: torch warns about read-only memory, and the file stays as it is.
    return torch.from_numpy(np.memmap(path, np.uint8, mode="c", offset=len(head), shape=shape))


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def complete(path: Path, head: bytes, shape: tuple[int, ...]) -> bool:
    return path.exists() and path.stat().st_size == len(head) + math.prod(shape)


def write(path: Path, head: bytes, blocks: Iterable[np.ndarray]) -> None:
    """The caller holds the lock of `path`."""
    with replacing(path, locked=True) as part, part.open("wb") as file:
        file.write(head)
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)


def announced(blocks: Iterable[np.ndarray], path: Path, total: int) -> Iterator[np.ndarray]:
    """The same blocks; prints the remaining time once, after 2 seconds."""
    start, done, printed = time.monotonic(), 0, False
    for block in blocks:
        yield block
        done, passed = done + len(block), time.monotonic() - start
        if not printed and passed > 2 and done < total:
            seconds = passed * (total - done) / done
            print(f"making {path}, about {seconds:.0f} s left", file=sys.stderr, flush=True)
            printed = True
