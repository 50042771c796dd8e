"""The contents of one archive: the position of every picture, and the class that a WebDataset sample states for it."""

import os
from dataclasses import dataclass
from pathlib import Path

from data.pictures.archives.samples import STATED, Statements, key_of
from data.pictures.archives.tars import Truncated, tar_members
from data.pictures.archives.zips import zip_members
from data.pictures.decode import SUFFIXES, unsupported_file
from data.pictures.harmless import harmless

READERS = {".tar": tar_members, ".zip": zip_members}  # suffix -> members of such an archive


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: `size` bytes from `offset` on, compressed by `method` (0 stored, 8 deflated)."""

    inside: str  # its path in the archive; an archive in the archive is a folder of this path
    offset: int
    size: int
    method: int = 0


@dataclass
class Listing:
    """Pictures in the order of the archive, the class of each, and what is wrong with the archive, if anything."""

    pictures: list[Member]
    classes: list[int]
    bytes: int  # of the complete archive, as far as known
    damage: str | None = None
    lost: int = 0  # bytes known to be missing, a lower bound


def listing(path: Path) -> Listing:
    """ValueError for a file that is no archive, and for ambiguous members. Of a truncated archive, the complete pictures."""
    pictures, statements, names, truncated = [], Statements(path), set(), None
    try:
        with open(path, "rb") as file:
            for member in READERS[path.suffix.lower()](file, Member):
                suffix = os.path.splitext(member.inside)[1].lower()
                if suffix not in SUFFIXES and suffix not in STATED:
                    if harmless(member.inside):
                        continue
                    raise unsupported_file(f"{path}: {member.inside}")
                if member.inside in names:
                    raise ValueError(f"{path}: two members have the path {member.inside}; make the archive again")
                names.add(member.inside)
                if suffix in SUFFIXES:
                    pictures.append(member)
                else:
                    statements.read(file, member)
    except Truncated as error:
        truncated = error
    if truncated and statements.classes and pictures and key_of(pictures[-1].inside) not in statements.classes:
        pictures.pop()  # the file that states its class came after the cut
    if not truncated:
        statements.check_pictured(pictures)
    contents = Listing(pictures, statements.of(pictures), path.stat().st_size)
    if truncated:
        contents.damage = (
            f"{path} is truncated ({truncated}); only its first {len(pictures):,} pictures are complete; get it again"
        )
        contents.bytes = max(contents.bytes, truncated.end)
        contents.lost = max(contents.bytes - truncated.start, 0)
    return contents
