"""The members of a zip."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from data.pictures.archives.member_paths import hidden, inside

LOCAL = struct.Struct("<26xHH")  # of a member's own header: the lengths of its name and of what else precedes its bytes
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1


def zip_members(file: BinaryIO, make: Callable) -> Iterator:
    """make(inside, offset, size, method) of each file, in order of their places. ValueError if it is no whole zip."""
    name, end = getattr(file, "name", "it"), file.seek(0, 2)
    try:
        members = sorted(zipfile.ZipFile(file).infolist(), key=lambda member: member.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise ValueError(f"{name} is no whole zip ({error}); bring it again") from error
    for member in members:
        if member.is_dir():
            continue
        path = inside(member.filename.replace("\\", "/"), name)  # Windows has written such
        if hidden(path):
            continue
        if member.header_offset < 0 or member.header_offset > end:
            raise ValueError(f"{name}: {path} lies beyond the end; bring the zip again")
        if member.compress_type not in METHODS or member.flag_bits & ENCRYPTED:
            raise ValueError(f"{name}: {path} is encrypted or packed in another way; unpack the zip by hand")
        file.seek(member.header_offset)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size:
            raise ValueError(f"{name}: {path} lies beyond the end; bring the zip again")
        offset = member.header_offset + LOCAL.size + sum(LOCAL.unpack(head))
        if offset + member.compress_size > end:
            raise ValueError(f"{name}: {path} goes beyond the end; bring the zip again")
        yield make(path, offset, member.compress_size, member.compress_type)


def inflated(data: bytes, largest: int) -> bytes:
    """A deflated member as it was. ValueError if it is damaged, or of more bytes than `largest`."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = unpacker.decompress(data, largest)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof:
        raise ValueError("it is cut short, or too large")
    return whole
