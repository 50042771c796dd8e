"""Paths of archive members: which are hidden, and which would be outside their archive."""

import re

# What people do not mean when they speak of their files: .git, ._1.jpg, __MACOSX, and what is in such folders.
HIDDEN = re.compile(r"(?:^|/)(?:\.|__MACOSX(?:/|$))")


def inside(name: str, archive: str) -> str:
    """The path without `.` and empty parts. ValueError for an absolute path and one with `..` in it."""
    parts = name.split("/")
    if not parts[0] or ".." in parts:
        raise ValueError(f"{archive}: the path of its member {name!r} is outside the archive; make the archive again")
    return "/".join(part for part in parts if part not in ("", "."))


def hidden(path: str) -> bool:
    return HIDDEN.search(path) is not None
