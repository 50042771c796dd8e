"""A folder for each class: every entry is a picture, harmless, or an error that names it."""

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
    """The entries of a folder for a message: names, folders with a slash, pictures by their number."""
    entries = sorted(path for path in root.iterdir() if not hidden(path.name)) if root.is_dir() else []
    names = [f"{path.name}/" if path.is_dir() else path.name for path in entries if not is_picture(path.name)]
    count = len(entries) - len(names)
    items = [*names[:LISTED], *([f"{len(names) - LISTED:,} more"] if names[LISTED:] else [])]
    return one_line(", ".join([*items, *([f"{count:,} pictures"] if count else [])])) or "nothing"


def subfolders(root: Path) -> list[str]:
    """Names of the class folders, sorted. ValueError for a dangling link, and if there are no folders."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; {root.parent} contains {contents(root.parent)}")
    entries = sorted(path for path in root.iterdir() if not hidden(path.name))
    if dangling := [path for path in entries if path.is_symlink() and not path.exists()]:
        raise ValueError(f"{dangling[0]}: the target of this link is missing; repair the link or remove it")
    names = [path.name for path in entries if path.is_dir()]
    if not names:
        raise ValueError(
            f"{root}: no class folders; it contains {contents(root)}; sort its pictures into a folder for each class"
        )
    return names


def check_beside(root: Path) -> None:
    """ValueError for a file beside the class folders that the user may expect to be read."""
    for path in sorted(path for path in root.iterdir() if not path.is_dir() and not harmless(path.name)):
        advice = (
            "move it into a class folder, or elsewhere" if is_picture(path.name) else "unpack it or move it elsewhere"
        )
        raise ValueError(f"{one_line(str(path))} is beside the class folders and would not be read; {advice}")


def picture_files(folder: Path, on_error: str = "raise") -> list[Path]:
    """Pictures of a class, sorted by name. ValueError for an entry that would not be read, and for an empty class."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; every class needs one")
    entries = sorted(folder.iterdir())
    files = [path for path in entries if is_picture(path.name)]
    others = [path for path in entries if not is_picture(path.name) and not hidden(path.name)]
    for path in others:
        if unread := first_unread(path):
            raise ValueError(
                f"{unread} is in a subfolder of the class folder {folder} and would not be read; move it up"
            )
        if not harmless(path.name) and not path.is_dir():
            raise unsupported_file(str(path))
    if not files and on_error == "raise":
        raise ValueError(
            f"{folder}: no pictures ({', '.join(SUFFIXES)}); it contains {contents(folder)}; add some or remove the folder"
        )
    return files


def first_unread(folder: Path) -> Path | None:
    """The first file at any depth of the folder that is not harmless; None for a file."""
    return next((path for path in files_below(folder) if not harmless(path.name)), None)


def first_picture(folder: Path) -> Path | None:
    """The first picture at any depth of the folder."""
    return next((path for path in files_below(folder) if is_picture(path.name)), None)


def files_below(folder: Path) -> Iterator[Path]:
    """All files at any depth, except in hidden folders, sorted by name in each folder."""
    for parent, folders, files in os.walk(folder):
        # in place, as os.walk descends into what remains of the list
        folders[:] = sorted(name for name in folders if not hidden(name))
        yield from (Path(parent) / name for name in sorted(files))
