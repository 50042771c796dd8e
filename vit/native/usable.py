"""When the functions in C take the place of torch's."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from data.native.library import library

LANES = 8  # of a vector in C: what is computed together has to be whole vectors wide
PLAIN = (Tensor, torch.nn.Parameter)  # not fake, nor a part of one that several devices hold
MOST_THREADS = 2  # they run in one; with more, torch's, which divide their work, are faster
hidden = False


def compiled(path: Path) -> ctypes.CDLL | None:
    """The library; None where it was not built or the processor lacks its instructions."""
    found = library(path)
    return found if found is not None and found.is_supported() else None


def usable(*tensors: Tensor) -> bool:
    """Plain contiguous float32 tensors on a CPU, few threads, and nobody who compiles or transforms torch's operations."""
    return (
        not torch.compiler.is_compiling()  # first: a compiler would look into the rest
        and not hidden
        and torch.get_num_threads() <= MOST_THREADS
        and all(t.dtype is torch.float32 and t.is_cpu and t.is_contiguous() and type(t) in PLAIN for t in tensors)
        and not torch._C._are_functorch_transforms_active()
    )


@contextmanager
def torch_only() -> Iterator[None]:
    """None of them meanwhile: for who counts torch's operations."""
    global hidden
    before, hidden = hidden, True
    try:
        yield
    finally:
        hidden = before
