"""Files in formats of others: read piece by piece, never more than is there, and what is wrong said in one line."""

import gzip
import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PIECE = 2**20  # bytes asked for at once: a wrong size in a header never becomes a request for memory
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    OverflowError,
)
DAMAGE = (*DAMAGE, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tokenize.TokenError)


class Damaged(ValueError):
    """A file that is not what it should be; the message names it and says why, in one line."""


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Whatever the reading of a file fails with becomes a Damaged that names it."""
    try:
        yield
    except (Damaged, FileNotFoundError):
        raise
    except DAMAGE as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise Damaged(f"{path} cannot be read ({why[:200]}); get it again") from error


def lying(places: Sequence[Path], what: str) -> Path:
    """The first of the places where something lies. FileNotFoundError says what it is and where to get it."""
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(f"{places[0]} is missing: {what}")


@contextmanager
def unzipped(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, whether it is gzipped or not; what fails in the block becomes a Damaged."""
    with named(path), open(path, "rb") as plain:
        zipped = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not zipped:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as file:
            yield file


def exactly(file: BinaryIO, count: int) -> bytearray:
    """The next `count` bytes. EOFError if there are fewer."""
    data = bytearray()
    while len(data) < count:
        piece = file.read(min(PIECE, count - len(data)))
        if not piece:
            raise EOFError(f"it is cut short: {len(data):,} of {count:,} bytes")
        data += piece
    return data


def ended(file: BinaryIO) -> None:
    """ValueError if anything follows. gzip and zip compare their checksum when the end is asked for."""
    if file.read(1):
        raise ValueError("it is longer than its header says")
