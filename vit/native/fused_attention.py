"""softmax(q k' / sqrt(D / H)) v of Equations 6 and 7 for short sequences, and its gradient, in C.

B batch, N tokens, D width, H heads.
"""

from ctypes import c_float, c_int, c_void_p
from functools import cache
from pathlib import Path

from torch import Tensor

from vit.native.usable import LANES, compiled, usable

LIBRARY = Path(__file__).with_name("_attention")
MOST_TOKENS = 128  # the weights (N, N) are kept for the backward pass
SHAPE = [c_int] * 4 + [c_float]  # B, N, H, D / H and the factor of the scores


@cache
def functions():
    """(forward, backward), or None where they were not built or the processor lacks their instructions."""
    found = compiled(LIBRARY)
    if found is None:
        return None
    forward, backward = found.attention_forward, found.attention_backward
    forward.argtypes, backward.argtypes = [c_void_p, *SHAPE, *[c_void_p] * 2], [*[c_void_p] * 3, *SHAPE, c_void_p]
    return forward, backward


def is_short(qkv: Tensor, heads: int) -> bool:
    """Can `forward` take the queries, keys and values (B, N, 3 D)?"""
    size = qkv.shape[-1] // (3 * heads)
    return usable(qkv) and qkv.shape[1] <= MOST_TOKENS and size % LANES == 0 and functions() is not None


def forward(qkv: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    """(B, N, 3 D) to the context (B, N, D), and weights that `backward` needs."""
    batch, tokens, width = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
    columns = -(-tokens // LANES) * LANES
    context, weights = qkv.new_empty(batch, tokens, width), qkv.new_empty(batch, heads, columns, columns)
    call, _ = functions()
    check(call(qkv.data_ptr(), *shape(qkv, heads), context.data_ptr(), weights.data_ptr()))
    return context, weights


def backward(qkv: Tensor, weights: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of qkv for that of the context, (B, N, D) and contiguous."""
    result = qkv.new_empty(qkv.shape)
    _, call = functions()
    check(
        call(qkv.data_ptr(), weights.data_ptr(), gradient.data_ptr(), *shape(qkv, weights.shape[1]), result.data_ptr())
    )
    return result


def shape(qkv: Tensor, heads: int) -> tuple:
    size = qkv.shape[-1] // (3 * heads)
    return qkv.shape[0], qkv.shape[1], heads, size, size**-0.5


def check(result: int) -> None:
    if result:
        raise MemoryError("attention of a short sequence: no memory for one head")
