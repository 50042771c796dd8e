"""Free memory and disk: work that does not fit is refused before it starts, with a one-line message."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_memory(what: str, needed: int, lower: str) -> None:
    """ValueError unless `needed` bytes are free. what: for the message, such as '5 images'; lower: the argument to lower."""
    free = free_memory()
    if free is not None and needed > free:
        raise ValueError(
            f"{what} need {format_bytes(needed)} of memory, but only {format_bytes(free)} are free; lower {lower}"
        )


def check_disk(path: Path, needed: int, what: str) -> None:
    """ValueError unless a new file of `needed` bytes fits into the folder of `path`, which must exist."""
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise ValueError(
            f"{path}: {what} need {format_bytes(needed)} of disk, but only {format_bytes(free)} are free; make room, "
            "set VIT_DATA to a larger disk, or ask for fewer or smaller images"
        )


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Name `path` in an OSError of the block that names no file, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename:  # open() and the like name it already, write() does not
            raise
        raise OSError(
            f"{path} cannot be written: {error.strerror or error}; "
            "make room, or set VIT_DATA to a larger disk, and run the same command again"
        ) from error


def free_memory() -> int | None:
    """Bytes of memory that can still be allocated, or None if the system does not say (it is not Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
    # A container's limit may be far below the machine's memory, which is what /proc/meminfo shows.
    limit, used = (number_in(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit and used:
        free = min(free, limit - used)
    return max(0, free)


def number_in(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None


def format_bytes(count: int) -> str:
    """Three digits with a decimal prefix: 26 MB, 1.31 TB."""
    for power, unit in ((15, "PB"), (12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**power:
            return f"{count / 10**power:.3g} {unit}"
    return f"{count} bytes"
