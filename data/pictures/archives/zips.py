"""The members of a zip."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from data.pictures.archives.member_paths import hidden, inside

LOCAL = struct.Struct("<26xHH")  # end of a local file header: lengths of the name and of the extra field that follow it
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1


def zip_members(file: BinaryIO, make: Callable) -> Iterator:
    """make(inside, offset, size, method) of each file, in order of their offsets. ValueError for a damaged zip."""
    name, end = getattr(file, "name", "it"), file.seek(0, 2)
    try:
        members = sorted(zipfile.ZipFile(file).infolist(), key=lambda member: member.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise ValueError(f"{name} is not a complete zip ({error}); get it again") from error
    for member in members:
        if member.is_dir():
            continue
        path = inside(member.filename.replace("\\", "/"), name)  # as some programs of Windows write paths
        if hidden(path):
            continue
        if member.header_offset < 0 or member.header_offset > end:
            raise ValueError(f"{name}: {path} begins beyond the end of the zip; get it again")
        if member.compress_type not in METHODS or member.flag_bits & ENCRYPTED:
            raise ValueError(f"{name}: {path} is encrypted or compressed by an unsupported method; unpack the zip")
        file.seek(member.header_offset)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size:
            raise ValueError(f"{name}: {path} begins beyond the end of the zip; get it again")
        offset = member.header_offset + LOCAL.size + sum(LOCAL.unpack(head))
        if offset + member.compress_size > end:
            raise ValueError(f"{name}: {path} extends beyond the end of the zip; get it again")
        yield make(path, offset, member.compress_size, member.compress_type)


def inflated(data: bytes, largest: int) -> bytes:
    """The bytes of a deflated member. ValueError if it is damaged, or larger than `largest` bytes."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = unpacker.decompress(data, largest)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof:
        raise ValueError(f"it is truncated, or larger than {largest:,} bytes")
    return whole
