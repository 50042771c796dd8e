"""One process at a time: lock files that are free as soon as their process is gone, even by kill -9."""

import fcntl
from contextlib import contextmanager
from pathlib import Path

from vit.errors import UserError


@contextmanager
def locked(path, busy, wait=False):
    """Hold a lock file while the block runs; a UserError with the text `busy` if another process holds it, or wait.

    The lock is the process's own (lockf): with flock the workers that load its data would hold it too, for the seconds
    that they outlive a kill.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except (BlockingIOError, PermissionError):
            raise UserError(busy) from None
        yield


def is_running(folder):
    """Does another living process hold the run's lock?"""
    return is_held(Path(folder) / ".lock")


def is_held(lock):
    """Does another living process hold this lock file?"""
    if not lock.exists():
        return False
    with open(lock) as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
    return False
