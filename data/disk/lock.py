"""Lock files: one process at a time, and a killed process releases its lock."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(RuntimeError):
    """Another process holds the lock; a one-line message."""


@contextmanager
def locked(path: Path, message: str | None = None, wait: bool = True) -> Iterator[None]:
    """Hold the lock of `path`, a hidden file in the same folder, while the block runs.

    If another process holds it: wait and print `message` to stderr, or, with wait=False, raise Busy with `message`.
    """
    message = message or f"{path}: another process is making it"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as file:
        try:
            # lockf, not flock: a flock is inherited by forked workers, which would hold it after this process is killed
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            if not wait:
                raise Busy(message) from None
            print(f"{message}; waiting for it", file=sys.stderr, flush=True)
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield
