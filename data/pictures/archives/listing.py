"""What one archive holds: every picture's place in the file, and the class that a WebDataset sample states beside it."""

import os
from dataclasses import dataclass
from pathlib import Path

from data.pictures.archives.samples import STATED, Statements, key_of
from data.pictures.archives.tars import CutShort, tar_members
from data.pictures.archives.zips import zip_members
from data.pictures.decode import SUFFIXES, unsupported_file
from data.pictures.harmless import harmless

READERS = {".tar": tar_members, ".zip": zip_members}  # suffix -> its reader


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its bytes are `size` from `offset` on, packed by `method` (0 as they are, 8 deflated)."""

    inside: str  # its path in the archive; that of an archive in the archive is a folder
    offset: int
    size: int
    method: int = 0


@dataclass
class Listing:
    """Pictures in the order of the archive, the class of each, and what is wrong with the archive, if anything is."""

    pictures: list[Member]
    classes: list[int]
    bytes: int  # of the archive, as far as can be told
    damage: str | None = None
    lost: int = 0  # bytes that are known to be lost; how much more is, nobody can tell


def listing(path: Path) -> Listing:
    """ValueError where the file is no archive at all, or ambiguous; one that is cut short has what is whole, and says so."""
    pictures, statements, names, cut = [], Statements(path), set(), None
    try:
        with open(path, "rb") as file:
            for member in READERS[path.suffix.lower()](file, Member):
                suffix = os.path.splitext(member.inside)[1].lower()
                if suffix not in SUFFIXES and suffix not in STATED:
                    if harmless(member.inside):
                        continue
                    raise unsupported_file(f"{path}: {member.inside}")
                if member.inside in names:
                    raise ValueError(f"{path}: two of its members are called {member.inside}; make the archive anew")
                names.add(member.inside)
                if suffix in SUFFIXES:
                    pictures.append(member)
                else:
                    statements.read(file, member)
    except CutShort as error:
        cut = error
    if cut and statements.classes and pictures and key_of(pictures[-1].inside) not in statements.classes:
        pictures.pop()  # its class came after the cut
    if not cut:
        statements.check_pictured(pictures)
    found = Listing(pictures, statements.of(pictures), path.stat().st_size)
    if cut:
        found.damage = f"{path} is cut short ({cut}); {len(pictures):,} pictures before that are whole; bring it again"
        found.bytes = max(found.bytes, cut.end)
        found.lost = max(found.bytes - cut.start, 0)
    return found
