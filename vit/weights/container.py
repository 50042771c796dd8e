"""Named tensors from .npz, safetensors and torch files, which are recognised by their first bytes. No code is executed."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.shards import INDEX, Tensors, read_folder, read_shards
from vit.weights.torch_file import TORCH_ERRORS, named_tensors, refuse_programs, unpickled

EXPECTED = "expected .npz, safetensors or a torch file of weights"
# A member that is cut off, has another checksum or is encrypted, and an array of objects or of text.
NPZ_ERRORS = (OSError, EOFError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_tensors(path: Path) -> Tensors:
    """({name: tensor}, metadata, names of what is no tensor) of a file, a folder or an index of several files."""
    if path.is_dir():
        return read_folder(path, read_file)
    return read_shards(path, read_file) if path.name.endswith(INDEX) and path.exists() else read_file(path)


def read_file(path: Path) -> Tensors:
    return reader(path)(path)


def reader(path: Path) -> Callable[[Path], Tensors]:
    """The function that reads this format. UserError for a missing, empty or unknown file."""
    if not path.exists():
        raise UserError(f"{name_of(path)}: no such file; {EXPECTED}")
    with open(path, "rb") as file:
        start = file.read(9)
    if not start:
        raise UserError(f"{name_of(path)}: empty; {EXPECTED}")
    if start[4:] == b"\0\0\0\0{":  # safetensors: the header's length in eight bytes, any of the first four, then JSON
        return read_safetensors
    if start.startswith(b"PK"):
        return read_zip
    if start.startswith(b"\x80"):
        return read_pickled
    raise UserError(f"{name_of(path)}: {text_or_bytes(start)}; {EXPECTED}")


def text_or_bytes(start: bytes) -> str:
    readable = start.isascii() and start.decode().isprintable()
    return f"begins with {start.decode()!r}" if readable else "an unknown format"


@contextmanager
def reading(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn these errors of a library that reads the file into one UserError that names it."""
    try:
        yield
    except errors as error:
        raise UserError(f"{name_of(path)}: damaged or cut off ({first_line(error)}); {EXPECTED}") from None


def read_zip(path: Path) -> Tensors:
    """An .npz; or what torch.save writes, a zip file too; or a program of torch's compilers, which is refused."""
    with reading(path, OSError, ValueError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    refuse_programs(path, names)
    if any(name.endswith("data.pkl") for name in names):
        return read_pickled(path)
    if not names or not all(name.endswith(".npy") for name in names):
        raise UserError(f"{name_of(path)}: a zip file, but not of arrays; {EXPECTED}")
    with reading(path, *NPZ_ERRORS), np.load(path, allow_pickle=False) as archive:
        return {name: as_tensor(archive[name]) for name in archive.files}, {}, []


def as_tensor(array: np.ndarray) -> Tensor:
    """numpy has no bfloat16 and loads its two bytes as they are, as the type V2."""
    if array.dtype == np.dtype("V2"):
        return torch.from_numpy(np.ascontiguousarray(array).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), order="C", copy=False))


def read_safetensors(path: Path) -> Tensors:
    with reading(path, OSError, SafetensorError), safe_open(path, "pt") as archive:
        tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 (not a dict)
        return tensors, archive.metadata() or {}, []


def read_pickled(path: Path) -> Tensors:
    with reading(path, *TORCH_ERRORS):
        content = unpickled(path)
    tensors, others = named_tensors(content, path)
    return tensors, {}, others


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip(" .") or type(error).__name__
