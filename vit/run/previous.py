"""The last two checkpoints of a run, each a file or a folder: how the last becomes the previous one."""

import shutil
from pathlib import Path

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"


def make_previous(path: Path) -> None:
    """Let the checkpoint at `path`, if there is one, be the previous one; until then both stay as they are."""
    previous = path.with_name(PREVIOUS)
    if not path.exists():
        return
    if path.is_dir() or previous.is_dir():  # a rename replaces a file by a file only
        remove(previous)
    path.replace(previous)


def remove(path: Path) -> None:
    """A file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """Where a folder is written that will have the name `path`: the same for all processes (vit.atomic removes leftovers)."""
    return path.with_name(f".{path.name}.part")
