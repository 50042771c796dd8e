"""Paths: what is passed over in archives and folders, and which members would lie outside their archive."""

from pathlib import PurePosixPath


def inside(name: str, archive: str) -> str:
    """The path without `.` and empty parts. ValueError for an absolute one and one with a `..` in it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{archive}: its member {name!r} lies outside the archive; make the archive anew")
    return str(path)


def hidden(path: str) -> bool:
    """Is it, or a folder above it, none of what people mean when they speak of their files: .git, ._1.jpg, __MACOSX?"""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))
