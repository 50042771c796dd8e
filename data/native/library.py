"""Loads a library compiled from C, if `pip install` could build it. No Python in it: ctypes calls it without the GIL."""

import ctypes
import os
from pathlib import Path


def library(path: Path) -> ctypes.CDLL | None:
    """The library at `path`, which lacks the end of its name.

    None where it was not built or cannot be loaded (without libjpeg, or built for another machine), and with VIT_NATIVE=0.
    """
    choice = os.environ.get("VIT_NATIVE", "")
    if choice not in ("", "0", "1"):
        raise ValueError(f"VIT_NATIVE must be 1, or 0 for none of the libraries in C, not {choice!r}")
    if choice == "0":
        return None
    for file in path.parent.glob(f"{path.name}.*.so"):
        try:
            return ctypes.CDLL(str(file))
        except OSError:
            continue
    return None
