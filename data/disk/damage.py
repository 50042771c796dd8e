"""Files of other projects: read in pieces, never more than they hold; a damaged one gives a one-line error."""

import csv
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

PIECE = 2**20  # bytes read at once: a wrong size in a header must not become an allocation
READ_ERRORS = (  # what Python's readers of text, JSON, CSV, gzip and zip raise for wrong bytes
    *(OSError, EOFError, ValueError, OverflowError, RecursionError, NotImplementedError),
    *(struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile, csv.Error),
)
# A zip member that is missing (KeyError) or encrypted (RuntimeError), and a header that is no Python literal.
NPZ_ERRORS = (KeyError, RuntimeError, SyntaxError, TypeError, tokenize.TokenError)


class Damaged(ValueError):
    """A file with the wrong content; the one-line message names it and the reason."""


@contextmanager
def reading(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn READ_ERRORS of the block, and these further errors, into a Damaged that names the file.

    errors: what the block raises where a field of the file is missing or of another type.
    """
    try:
        yield
    except (Damaged, FileNotFoundError):
        raise
    except (*READ_ERRORS, *errors) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise Damaged(f"{path} cannot be read ({problem[:200]}); get it again") from error


def first_existing(paths: Sequence[Path], hint: str) -> Path:
    """The first of these paths that exists. FileNotFoundError with `hint`: what the file is or where to get it."""
    for path in paths:
        if path.exists():
            return path
    raise FileNotFoundError(f"{paths[0]} is missing: {hint}")


@contextmanager
def unzipped(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, gunzipped if it is gzipped. READ_ERRORS of the block become a Damaged."""
    with reading(path), open(path, "rb") as plain:
        zipped = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not zipped:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as file:
            yield file


def exactly(file: BinaryIO, count: int) -> bytearray:
    """The next `count` bytes. EOFError if the file ends before."""
    data = bytearray()
    while len(data) < count:
        piece = file.read(min(PIECE, count - len(data)))
        if not piece:
            raise EOFError(f"truncated: {len(data):,} of {count:,} bytes")
        data += piece
    return data


def ended(file: BinaryIO) -> None:
    """ValueError if bytes remain. Reading the end also makes gzip and zip compare their checksums."""
    if file.read(1):
        raise ValueError("longer than its header says")
