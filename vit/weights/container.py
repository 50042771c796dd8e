"""Named tensors out of .npz, safetensors and torch files, which are told apart by their first bytes. Nothing is executed."""

import pickle
import zipfile
import zlib

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.shards import INDEX, read_folder, read_shards
from vit.weights.torch_file import read_torch, refuse_programs

EXPECTED = "expected .npz, safetensors or a torch file of weights"
DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, SafetensorError, pickle.UnpicklingError),
)


def read_tensors(path):
    """({name: tensor}, metadata, names of what is no tensor) of a file, or of a folder or an index of several."""
    if path.is_dir():
        return read_folder(path, read_file)
    return read_shards(path, read_file) if path.name.endswith(INDEX) and path.exists() else read_file(path)


def read_file(path):
    read = reader(path)
    try:
        return read(path)
    except DAMAGE as error:
        raise UserError(f"{name_of(path)}: damaged or cut off ({first_line(error)}); {EXPECTED}") from None


def reader(path):
    """The function that reads this kind of file."""
    if not path.exists():
        raise UserError(f"{name_of(path)}: no such file; {EXPECTED}")
    with open(path, "rb") as file:
        start = file.read(9)
    if not start:
        raise UserError(f"{name_of(path)}: empty; {EXPECTED}")
    if start[4:] == b"\0\0\0\0{":  # eight bytes of length, which may look like anything, then a header of JSON
        return read_safetensors
    if start.startswith(b"PK"):
        return read_zip
    if start.startswith(b"\x80"):
        return read_pickled
    raise UserError(f"{name_of(path)}: {text_or_bytes(start)}; {EXPECTED}")


def text_or_bytes(start):
    readable = start.isascii() and start.decode().isprintable()
    return f"begins with {start.decode()!r}" if readable else "an unknown format"


def read_zip(path):
    """numpy and torch write zip files, and so do torch's compilers."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    refuse_programs(path, names)
    if any(name.endswith("data.pkl") for name in names):
        return read_pickled(path)
    if not names or not all(name.endswith(".npy") for name in names):
        raise UserError(f"{name_of(path)}: a zip file, but not of arrays; {EXPECTED}")
    with np.load(path, allow_pickle=False) as archive:
        return {name: as_tensor(archive[name]) for name in archive.files}, {}, []


def as_tensor(array):
    """numpy knows no bfloat16 and gives its two bytes back as they are."""
    if array.dtype == np.dtype("V2"):
        return torch.from_numpy(np.ascontiguousarray(array).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), order="C", copy=False))


def read_safetensors(path):
    with safe_open(path, "pt") as archive:
        tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 (not a dict)
        return tensors, archive.metadata() or {}, []


def read_pickled(path):
    tensors, others = read_torch(path)
    return tensors, {}, others


def first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0].strip(" .") or type(error).__name__
