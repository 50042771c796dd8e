"""Attention over a short sequence as one autograd function, for a CPU: from queries, keys and values to the context.

B batch, N tokens, D width, H heads.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from vit.native import fused_attention as native


def attend(qkv: Tensor, heads: int) -> Tensor | None:
    """(B, N, 3 D) to (B, N, D), Equations 6 and 7; None where only torch's product can."""
    return ShortAttention.apply(qkv, heads) if native.is_short(qkv, heads) else None


class ShortAttention(torch.autograd.Function):
    """See vit/native/attention.c."""

    @staticmethod
    def forward(ctx, qkv, heads):
        context, weights = native.forward(qkv, heads)
        ctx.save_for_backward(qkv, weights)
        return context

    @staticmethod
    def backward(ctx, gradient):
        qkv, weights = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph=True: autograd differentiates torch's product a second time
            with sdpa_kernel(SDPBackend.MATH):  # the fused product has no second derivative
                context = separate(qkv, weights.shape[1])
            return *torch.autograd.grad(context, qkv, gradient, create_graph=True), None
        return native.backward(qkv, weights, gradient.contiguous()), None


def separate(qkv: Tensor, heads: int) -> Tensor:
    """The same value from torch's operations."""
    q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
