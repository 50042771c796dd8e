"""arrays.npz: the arrays that a run leaves beside its metrics.json, from which figures are drawn without torch."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vit.atomic import atomic_write
from vit.errors import UserError
from vit.paths import name_of

FILE = "arrays.npz"


def write_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
    """Write them, if there are any, completely or not at all; equal arrays give equal bytes. Returns name -> shape."""
    if not arrays:
        return {}
    with atomic_write(folder / FILE) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
    return {name: list(array.shape) for name, array in arrays.items()}


def read_arrays(folder: Path, shapes: Mapping[str, list[int]]) -> dict[str, np.ndarray]:
    """The arrays of a finished run. shapes: what its record says of them. UserError if the file is missing or damaged."""
    path = folder / FILE
    cure = f"delete {name_of(folder / 'metrics.json')} and run the same command again"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise UserError(f"{name_of(path)}: missing, though the run is finished; {cure}") from None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{name_of(path)}: damaged ({type(error).__name__}); {cure}") from None
    if {name: list(array.shape) for name, array in arrays.items()} != dict(shapes):
        raise UserError(f"{name_of(path)}: damaged, its arrays are not those that metrics.json lists; {cure}")
    return arrays
