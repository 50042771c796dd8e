"""The 3 x 3 max pool of stride 2 behind a root convolution (BiT's and the hybrid's), with the bits of torch's, faster on a CPU.

torch's kernel is vectorised over channels if they come last, and otherwise not at all; its backward pass is the reverse.
B batch, C channels, (H, W) a feature map.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, STRIDE = 3, 2


def max_pool(x: Tensor, padding: tuple[int, int] = (0, 0), ceil_mode: bool = False) -> Tensor:
    """(B, C, H, W) to about (B, C, H / 2, W / 2)."""
    if x.device.type != "cpu" or torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return F.max_pool2d(x, WINDOW, STRIDE, padding=padding, ceil_mode=ceil_mode)
    return MaxPool.apply(x, padding, ceil_mode)


class MaxPool(torch.autograd.Function):
    """Forward with channels last, backward with channels first."""

    @staticmethod
    def forward(ctx, x, padding, ceil_mode):
        last = x.contiguous(memory_format=torch.channels_last)
        pooled, places = F.max_pool2d_with_indices(last, WINDOW, STRIDE, padding=padding, ceil_mode=ceil_mode)
        ctx.save_for_backward(x, places.contiguous())
        ctx.window = [WINDOW] * 2, [STRIDE] * 2, list(padding), [1, 1], ceil_mode
        return pooled.contiguous()

    @staticmethod
    def backward(ctx, gradient):
        x, places = ctx.saved_tensors
        return (
            torch.ops.aten.max_pool2d_with_indices_backward(gradient.contiguous(), x, *ctx.window, places),
            None,
            None,
        )
