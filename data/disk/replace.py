"""Atomic writes: a file or folder is written under a temporary name, then renamed. If it exists, it is complete."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.disk.room import disk_errors


@contextmanager
def replacing(path: Path, *, locked: bool) -> Iterator[Path]:
    """A temporary path in the same folder, renamed to `path` when the block ends, removed when it fails.

    locked: does the caller hold a lock on `path`? OSError naming `path` if the disk is full.
    """
    # Under a lock the name is fixed, so that what a killed process left (a pack may be 200 GB) is overwritten. Without
    # one, several processes may write at once, each to a name of its own.
    part = path.with_name(f".{path.name}.part" if locked else f".{path.name}.{os.getpid()}.part")
    try:
        with disk_errors(path):
            yield part
            part.replace(path)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)
