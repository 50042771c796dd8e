"""Files that are there whole or not at all: written under a temporary name, flushed, renamed."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
    """Yields a temporary path beside `path`; on success it becomes `path`, on failure it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # some writers make files that only their owner can read
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path, text):
    """Write only what differs, so that nothing looks newer than it is."""
    path = Path(path)
    if path.exists() and path.read_text() == text:
        return
    with whole_file(path) as temporary:
        temporary.write_text(text)


def remove_parts(folder):
    """What writers that were killed have left behind; nobody may be writing there."""
    for path in Path(folder).rglob(".*.part"):
        path.unlink(missing_ok=True)
