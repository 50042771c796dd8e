"""What this machine has room for: what needs more memory or disk is refused before it is begun, in one line."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_memory(what: str, needed: int, lower: str) -> None:
    """ValueError where so many bytes are not free. what: such as '5 images'; lower: what to make smaller."""
    free = free_memory()
    if free is not None and needed > free:
        raise ValueError(f"{what} need {human(needed)} of memory, and {human(free)} are free; lower {lower}")


def check_disk(path: Path, needed: int, what: str) -> None:
    """ValueError where a new file of so many bytes does not fit; its folder is there."""
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        told = f"{what} need {human(needed)} of disk, and {human(free)} are free"
        raise ValueError(
            f"{path}: {told}; make room, set VIT_DATA to a larger disk, or ask for fewer or smaller images"
        )


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """A full disk, which names no file, becomes an OSError that does, and says what to do."""
    try:
        yield
    except OSError as error:
        if error.filename:
            raise
        again = "make room, or set VIT_DATA to a larger disk, and give the same command again"
        raise OSError(f"{path} cannot be written: {error.strerror or error}; {again}") from error


def free_memory() -> int | None:
    """Bytes that may still be taken, or None where the system does not say (it is not Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
    limit, used = (number_in(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit and used:  # a container's own
        free = min(free, limit - used)
    return max(0, free)


def number_in(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None


def human(count: int) -> str:
    """Bytes as people say them."""
    for power, unit in ((15, "PB"), (12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**power:
            return f"{count / 10**power:.3g} {unit}"
    return f"{count} bytes"
