"""Files that are written completely or not at all: under a temporary name, flushed to disk, renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; it is renamed to `path`, or removed if the block raises."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # safetensors writes files that only their owner can read
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())  # before the rename, or a power failure could leave an empty file at `path`
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)  # the only way to read it is to set it
    os.umask(mask)
    return mask


def write_text(path: Path | str, text: str) -> None:
    write_bytes(path, text.encode())


def write_bytes(path: Path | str, content: bytes) -> None:
    """Leave an equal file untouched, so that its modification time does not make its dependents stale for make."""
    path = Path(path)
    if path.exists() and path.read_bytes() == content:
        return
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def remove_temporary_files(folder: Path | str) -> None:
    """Temporary files and folders of writers that were killed; no process may be writing to the folder."""
    for path in list(Path(folder).rglob(".*.part")):
        if path.is_dir():  # of a checkpoint in parts
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
