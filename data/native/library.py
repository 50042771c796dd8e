"""Loads a compiled library of this folder, if `pip install` could build it. No Python in it: ctypes calls it without the GIL."""

import ctypes
from pathlib import Path


def library(name: str) -> ctypes.CDLL | None:
    """None where it was not built, or cannot be loaded: without libjpeg, or if it was built for another machine."""
    for path in Path(__file__).parent.glob(f"{name}.*.so"):
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    return None
