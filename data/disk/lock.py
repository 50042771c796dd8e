"""One process at a time: a lock file that goes with its process, even when that is killed."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(RuntimeError):
    """Another process holds the lock; one line."""


@contextmanager
def locked(path: Path, busy: str | None = None, wait: bool = True) -> Iterator[None]:
    """Holds the lock of what is to be made at `path` while the block runs; its file lies beside it, hidden.

    Where another process has it, its end is waited for, and a line says so; without `wait` that is Busy. busy: what to
    say then. The lock is the process's own (lockf), so workers that outlive it do not keep it.
    """
    busy = busy or f"{path}: another process is making it"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            if not wait:
                raise Busy(busy) from None
            print(f"{busy}; waiting for it", file=sys.stderr, flush=True)
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield
