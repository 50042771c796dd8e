"""The members of a zip."""

import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

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
        if member.header_offset < 0 or member.header_offset > end:
            raise ValueError(f"{name}: {member.filename} lies beyond the end; bring the zip again")
        if member.compress_type not in METHODS or member.flag_bits & ENCRYPTED:
            raise ValueError(f"{name}: {member.filename} is encrypted or packed in another way; unpack the zip by hand")
        file.seek(member.header_offset)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size:
            raise ValueError(f"{name}: {member.filename} lies beyond the end; bring the zip again")
        offset = member.header_offset + LOCAL.size + sum(LOCAL.unpack(head))
        if offset + member.compress_size > end:
            raise ValueError(f"{name}: {member.filename} goes beyond the end; bring the zip again")
        yield make(member.filename, offset, member.compress_size, member.compress_type)
