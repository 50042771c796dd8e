"""The members of a tar, and of the tars in it: the official ImageNet files are tars of a tar a class."""

import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

BLOCK = 512  # bytes, of which a tar is made


def tar_members(file: BinaryIO, make: Callable, folder: str = "", end: int | None = None) -> Iterator:
    """make(inside, offset, size) of each plain file, in order. ValueError if it is no tar, EOFError where it is cut short.

    folder: what stands before the members' names; end: of the archive in the file, if it is not the file's.
    """
    end = file.seek(0, 2) if end is None else end
    file.seek(0 if not folder else file.tell())
    for member in headers(file, end):
        inside, offset = folder + member.name.removeprefix("./"), member.offset_data
        if not member.isreg():
            continue
        if offset + member.size > end:
            raise EOFError(f"{inside} goes beyond the end")
        if inside.lower().endswith(".tar"):
            file.seek(offset)
            yield from tar_members(file, make, f"{inside.removesuffix('.tar')}/", offset + member.size)
        else:
            yield make(inside, offset, member.size)


def headers(file: BinaryIO, end: int) -> Iterator[tarfile.TarInfo]:
    """tarfile's, one after the other from the file's position; it is set anew before each."""
    start = file.tell()
    try:
        archive = tarfile.TarFile(fileobj=file)
        while (member := archive.next()) is not None:
            archive.members = []  # tarfile remembers every one of a million
            yield member
    except tarfile.ReadError as error:
        if file.tell() > start + BLOCK:
            raise EOFError(str(error)) from error
        raise ValueError(
            f"{getattr(file, 'name', 'it')} is no plain tar ({error}); unpack it if it is compressed"
        ) from error
    if archive.offset + BLOCK > end:
        raise EOFError("the empty block at the end is missing")
