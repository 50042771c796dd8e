"""One process at a time: a lock file that goes with its process, even when that is killed."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(RuntimeError):
    """Another process holds the lock; one line."""


@contextmanager
def locked(path: Path, busy: str, wait: bool = False) -> Iterator[None]:
    """Holds the lock file while the block runs. Where another process has it: Busy, or its end is waited for.

    busy: what to say then. The lock is the process's own (lockf), so workers that outlive it do not keep it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            if not wait:
                raise Busy(busy) from None
            print(f"{busy}; waiting for it", file=sys.stderr, flush=True)
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield
