"""The members of a tar, and of the tars in it: the official ImageNet files are tars of a tar a class."""

import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from data.pictures.archives.member_paths import hidden, inside
from data.pictures.decode import SUFFIXES

BLOCK = 512  # bytes, of which a tar is made
PADDING = 2**20  # bytes of zeros at its end, at most; a download that was given its full length at once has more


class CutShort(EOFError):
    """A tar ends too early, or holds no header where one belongs."""

    def __init__(self, why: str, start: int, end: int = 0):
        """Bytes `start` to `end` of the file are lost, or to where the file ends, if that is later."""
        super().__init__(why)
        self.start, self.end = start, end


def tar_members(file: BinaryIO, make: Callable, folder: str = "", end: int | None = None) -> Iterator:
    """make(inside, offset, size) of each plain file, in order. ValueError if it is no tar, CutShort where that begins.

    folder: what stands before the members' names; end: of the archive in the file, if it is not the file's.
    """
    end = file.seek(0, 2) if end is None else end
    file.seek(0 if not folder else file.tell())
    for member in headers(file, end):
        if member.isdir():
            continue
        path, offset = folder + inside(member.name, name_of(file)), member.offset_data
        if not member.isreg():
            check_link(path, name_of(file))
            continue
        if member.issparse():
            raise ValueError(f"{name_of(file)}: {path} is stored without its zeros; make the tar without --sparse")
        if offset + member.size > end:
            raise CutShort(f"{path} goes beyond the end", member.offset, offset + member.size)
        if hidden(path):
            continue
        if path.lower().endswith(".tar"):
            file.seek(offset)
            yield from tar_members(file, make, f"{path.removesuffix('.tar')}/", offset + member.size)
        else:
            yield make(path, offset, member.size)


def check_link(path: str, archive: str) -> None:
    """ValueError for a picture that is a link, a pipe or a device: its bytes lie elsewhere, perhaps in no archive."""
    if path.lower().endswith(SUFFIXES) and not hidden(path):
        raise ValueError(
            f"{archive}: {path} is a link or no plain file; make the tar with --dereference --hard-dereference"
        )


def headers(file: BinaryIO, end: int) -> Iterator[tarfile.TarInfo]:
    """tarfile's, one after the other from the file's position; it is set anew before each."""
    start = after = file.tell()
    try:
        archive = tarfile.TarFile(fileobj=file)
        while (member := archive.next()) is not None:
            archive.members = []  # tarfile remembers every one of a million
            after = archive.offset
            yield member
    except tarfile.ReadError as error:
        if file.tell() > start + BLOCK:
            raise CutShort(str(error), after) from error
        raise ValueError(f"{name_of(file)} is no plain tar ({error}); unpack it if it is compressed") from error
    check_end(file, archive.offset, end)


def check_end(file: BinaryIO, offset: int, end: int) -> None:
    """CutShort unless there are zeros from here on: tarfile takes whatever is no header for the end."""
    file.seek(offset)
    rest = file.read(min(PADDING + 1, max(end - offset, 0)))
    if len(rest) < BLOCK:
        raise CutShort("the empty block at the end is missing", offset)
    if rest.strip(b"\0"):
        raise CutShort(f"its members end at byte {offset:,} of {end:,}, and something else follows", offset)
    if len(rest) > PADDING:
        raise CutShort(f"from byte {offset:,} of {end:,} on it is empty", offset)


def name_of(file: BinaryIO) -> str:
    return getattr(file, "name", "it")
