"""The tanh form of GELU with its derivative, in C."""

from ctypes import c_int, c_ssize_t, c_void_p
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from vit.native.usable import LANES, compiled, usable

LIBRARY = Path(__file__).with_name("_gelu")


@cache
def function():
    """None where it was not built or the processor lacks its instructions."""
    found = compiled(LIBRARY)
    if found is None:
        return None
    call = found.gelu_and_slope
    call.argtypes, call.restype = [c_void_p, c_void_p, c_ssize_t, c_int, c_void_p], None
    return call


def value_and_slope(x: Tensor, bias: Tensor) -> Tensor | None:
    """GELU(x + bias) of x (rows, columns), whose derivative overwrites x; None, and nothing is done, where it cannot be."""
    if not usable(x, bias) or x.shape[1] % LANES or function() is None:
        return None
    value = torch.empty_like(x)
    function()(x.data_ptr(), bias.data_ptr(), len(x), x.shape[1], value.data_ptr())
    return value
