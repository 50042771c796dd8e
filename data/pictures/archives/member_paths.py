"""Paths: what is passed over in archives and folders, and which members would lie outside their archive."""

import re

# What people do not mean when they speak of their files: .git, ._1.jpg, __MACOSX, and what lies in such folders.
HIDDEN = re.compile(r"(?:^|/)(?:\.|__MACOSX(?:/|$))")


def inside(name: str, archive: str) -> str:
    """The path without `.` and empty parts. ValueError for an absolute one and one with a `..` in it."""
    parts = name.split("/")
    if not parts[0] or ".." in parts:
        raise ValueError(f"{archive}: its member {name!r} lies outside the archive; make the archive anew")
    return "/".join(part for part in parts if part not in ("", "."))


def hidden(path: str) -> bool:
    return HIDDEN.search(path) is not None
