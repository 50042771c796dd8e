"""A folder a class, as people keep pictures: every entry is a picture, harmless, or refused by name."""

import os
from collections.abc import Iterator
from pathlib import Path

from data.pictures.archives.member_paths import hidden
from data.pictures.decode import SUFFIXES, one_line, unsupported_file
from data.pictures.harmless import harmless

LISTED = 5  # entries of a folder that a message names


def is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES and not hidden(name)


def contents(root: Path) -> str:
    """What lies in a folder, for a message: what is no picture by name, folders with a slash, and how many pictures."""
    entries = sorted(path for path in root.iterdir() if not hidden(path.name)) if root.is_dir() else []
    names = [f"{path.name}/" if path.is_dir() else path.name for path in entries if not is_picture(path.name)]
    count = len(entries) - len(names)
    parts = [*names[:LISTED], *([f"{len(names) - LISTED:,} more"] if names[LISTED:] else [])]
    return one_line(", ".join([*parts, *([f"{count:,} loose pictures"] if count else [])])) or "nothing"


def subfolders(root: Path) -> list[str]:
    """Names of the class folders, sorted. ValueError for a link to nothing, and where there are none."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; in {root.parent}: {contents(root.parent)}")
    entries = sorted(path for path in root.iterdir() if not hidden(path.name))
    if dangling := [path for path in entries if path.is_symlink() and not path.exists()]:
        raise ValueError(f"{dangling[0]}: a link that leads nowhere; mend it or remove it")
    names = [path.name for path in entries if path.is_dir()]
    if not names:
        raise ValueError(
            f"{root}: no class folders in it; it holds {contents(root)}; sort its pictures into a folder a class"
        )
    return names


def check_beside(root: Path) -> None:
    """ValueError for a file beside the class folders that somebody may have meant to be read."""
    for path in sorted(path for path in root.iterdir() if not path.is_dir() and not harmless(path.name)):
        why = "put it into one, or elsewhere" if is_picture(path.name) else "it is not read; unpack or move it"
        raise ValueError(f"{one_line(str(path))} lies beside the class folders; {why}")


def pictures(folder: Path, on_error: str = "raise") -> list[Path]:
    """Files with pictures, sorted by name. ValueError for an entry that would be lost, and where there are none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; every class needs one")
    entries = sorted(folder.iterdir())
    found = [path for path in entries if is_picture(path.name)]
    others = [path for path in entries if not is_picture(path.name) and not hidden(path.name)]
    for path in others:
        if deep := first_unread(path):
            raise ValueError(f"{deep} lies in a folder in the class folder {folder}; move it up, or elsewhere")
        if not harmless(path.name) and not path.is_dir():
            raise unsupported_file(str(path))
    if not found and on_error == "raise":
        raise ValueError(
            f"{folder}: no pictures in it ({', '.join(SUFFIXES)}); it holds {contents(folder)}; add some or remove the folder"
        )
    return found


def first_unread(folder: Path) -> Path | None:
    """A picture or another file that is not harmless, however deep in the folder; None for a file."""
    return next((path for path in files_below(folder) if not harmless(path.name)), None)


def first_picture(folder: Path) -> Path | None:
    """One that lies in it, however deep."""
    return next((path for path in files_below(folder) if is_picture(path.name)), None)


def files_below(folder: Path) -> Iterator[Path]:
    """All files, without those in hidden folders, in the order of their names."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not hidden(name))
        yield from (Path(parent) / name for name in sorted(files))
