"""Lock files that one process holds at a time; the system releases them when it ends, even by SIGKILL."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vit.errors import UserError


@contextmanager
def locked(path: Path | str, busy: str | None = None) -> Iterator[None]:
    """Hold a lock file during the block. If another process holds it: a UserError `busy`, or wait without one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as handle:
        try:
            # lockf: forked loader processes, which outlive a killed parent by seconds, would inherit a lock of flock
            fcntl.lockf(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except (BlockingIOError, PermissionError):
            raise UserError(busy) from None
        yield


def is_running(folder: Path | str) -> bool:
    """Whether another living process trains the run in this folder."""
    return is_held(Path(folder) / ".lock")


def is_held(lock: Path) -> bool:
    """Whether another living process holds this lock file."""
    if not lock.exists():
        return False
    with open(lock) as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
    return False
