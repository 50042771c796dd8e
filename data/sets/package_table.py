"""A table that an installed package brings as a file, read without importing the package, which takes a second or two."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np


@cache
def package_table(package: str, file: str, missing: str) -> tuple[np.ndarray, np.ndarray]:
    """(all columns but the last, the last) of whole numbers 0 .. 255. missing: message of the ImportError without the package."""
    found = find_spec(package)
    if found is None:
        raise ImportError(missing)
    table = np.loadtxt(Path(found.submodule_search_locations[0], file), delimiter=",", dtype=np.uint8)
    return table[:, :-1], table[:, -1]
