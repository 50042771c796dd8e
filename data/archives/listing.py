"""What one archive holds: every picture's place in the file, and the class that a WebDataset sample states beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.archives.tars import tar_members
from data.archives.zips import zip_members
from data.decode import SUFFIXES

MEMBERS = {".tar": tar_members, ".zip": zip_members}  # suffix -> its reader
STATED = (".cls", ".json")  # what lies beside a picture of a WebDataset sample and states its class
LARGEST = 2**20  # bytes of such a file
CLASSES = 10**6  # a class beyond it is damage
UNSTATED = -1


@dataclass(frozen=True)
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
    damage: str | None = None


def listing(path: Path) -> Listing:
    """ValueError where the file is no archive at all; one that is cut short has what is whole in it, and says so."""
    pictures, stated, damage = [], {}, None
    try:
        with open(path, "rb") as file:
            for member in MEMBERS[path.suffix.lower()](file, Member):
                name = PurePosixPath(member.inside)
                if name.name.startswith("."):
                    continue
                if name.suffix.lower() in SUFFIXES:
                    pictures.append(member)
                elif name.suffix.lower() in STATED and member.size <= LARGEST and not member.method:
                    stated.update(stated_class(file, member, path))
    except EOFError as error:
        damage = f"{path} is cut short ({error}); {len(pictures):,} pictures before that are whole; bring it again"
    classes = [stated.get(sample(member.inside), UNSTATED) for member in pictures]
    return Listing(pictures, classes, damage)


def sample(inside: str) -> str:
    """WebDataset's key: the path up to the first dot of the file's name."""
    folder, _, name = inside.rpartition("/")
    return f"{folder}/{name.split('.', 1)[0]}"


def stated_class(file, member: Member, path: Path) -> Iterator[tuple[str, int]]:
    """(sample, class), if it states one: a number in a .cls file, or `label` in a .json file."""
    place = file.tell()
    file.seek(member.offset)
    text = file.read(member.size)
    file.seek(place)
    try:
        value = json.loads(text)
        value = value.get("label") if isinstance(value, dict) else value
        if isinstance(value, int) and abs(value) > CLASSES:
            raise ValueError
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: {member.inside} states no class; it should hold a number") from None
    if isinstance(value, int):
        yield sample(member.inside), value
