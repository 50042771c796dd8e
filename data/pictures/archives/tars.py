"""The members of a tar, and of the tars in it: the official ImageNet archive holds a tar for each class."""

import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from data.pictures.archives.member_paths import hidden, inside
from data.pictures.decode import SUFFIXES

BLOCK = 512  # bytes; headers and data are whole blocks
PADDING = 2**20  # bytes of zeros at the end, at most; an unfinished download into a file of its full length has more


class Truncated(EOFError):
    """A tar ends too early, or something else is where a header belongs."""

    def __init__(self, reason: str, start: int, end: int = 0):
        """Bytes `start` to `end` of the file are lost, or to its end, if that is later."""
        super().__init__(reason)
        self.start, self.end = start, end


def tar_members(file: BinaryIO, make: Callable, folder: str = "", end: int | None = None) -> Iterator:
    """make(inside, offset, size) of each plain file, in order. ValueError if it is no tar; Truncated at a truncation.

    folder: prefix of the members' paths, of a tar in a tar. end: of that tar in the file.
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
            raise ValueError(
                f"{name_of(file)}: {path} is a sparse file, stored without its zeros; make the tar without --sparse"
            )
        if offset + member.size > end:
            raise Truncated(f"{path} extends beyond the end", member.offset, offset + member.size)
        if hidden(path):
            continue
        if path.lower().endswith(".tar"):
            file.seek(offset)
            yield from tar_members(file, make, f"{path.removesuffix('.tar')}/", offset + member.size)
        else:
            yield make(path, offset, member.size)


def check_link(path: str, archive: str) -> None:
    """ValueError for a picture that is a link, a pipe or a device, whose bytes are not in the tar."""
    if path.lower().endswith(SUFFIXES) and not hidden(path):
        raise ValueError(
            f"{archive}: {path} is a link or not a regular file; make the tar with --dereference --hard-dereference"
        )


def headers(file: BinaryIO, end: int) -> Iterator[tarfile.TarInfo]:
    """Headers from the file's position on. The caller may move the position between two of them."""
    start = after = file.tell()
    try:
        archive = tarfile.TarFile(fileobj=file)
        while (member := archive.next()) is not None:
            archive.members = []  # tarfile keeps them all, which may be millions
            after = archive.offset
            yield member
    except tarfile.ReadError as error:
        if file.tell() > start + BLOCK:
            raise Truncated(str(error), after) from error
        raise ValueError(f"{name_of(file)} is not a plain tar ({error}); if it is compressed, decompress it") from error
    check_end(file, archive.offset, end)


def check_end(file: BinaryIO, offset: int, end: int) -> None:
    """Truncated unless only zeros follow: tarfile takes anything that is no header for the end of the archive."""
    file.seek(offset)
    rest = file.read(min(PADDING + 1, max(end - offset, 0)))
    if len(rest) < BLOCK:
        raise Truncated("the block of zeros at the end is missing", offset)
    if rest.strip(b"\0"):
        raise Truncated(f"no header at byte {offset:,} of {end:,}", offset)
    if len(rest) > PADDING:
        raise Truncated(f"only zeros from byte {offset:,} of {end:,} on", offset)


def name_of(file: BinaryIO) -> str:
    return getattr(file, "name", "it")
