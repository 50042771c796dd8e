"""Forward FLOPs of a network from torch's counter, without products with padding (Figure 5, Table 6)."""

import math

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vit.native.usable import torch_only


def forward_flops(network: nn.Module, images: Tensor) -> int:
    """FLOPs of a forward pass, two per multiply-add. Products with the zeros of padding are not counted.

    The paper does not define its count. Without padding it agrees with Figure 5 to 1%; with padding the ResNets are 4%
    off. XLA's cost analysis excludes padding too.
    """
    padding = []
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    # torch's counter includes padding, so hooks on the convolutions record what to subtract
    hooks = [
        module.register_forward_hook(
            lambda module, inputs, output: padding.append(flops_on_padding(module, *inputs, output))
        )
        for module in convolutions
    ]
    network.whole_sequence = True  # the paper's models compute all rows of z_L, though only the class token's is used
    # recording for gradients would make counting a third slower
    with torch.no_grad(), torch_only(), FlopCounterMode(display=False) as counter:
        network(images)
    del network.whole_sequence  # that of its class again
    for hook in hooks:
        hook.remove()
    return counter.get_total_flops() - sum(padding)


def flops_on_padding(convolution: nn.Conv2d, image: Tensor, output: Tensor) -> int:
    """FLOPs of a convolution at kernel taps that lie outside the image, for (B, C_in, H, W) and (B, C_out, h, w)."""
    sides, kernel = zip(image.shape[2:], output.shape[2:], strict=True), convolution.kernel_size
    axes = zip(sides, kernel, convolution.stride, convolution.padding, strict=True)
    inside = math.prod(taps_inside(*side, *axis) for side, *axis in axes)
    total = math.prod(kernel) * math.prod(output.shape[2:])
    return 2 * len(image) * math.prod(convolution.weight.shape[:2]) * (total - inside)


def taps_inside(size: int, outputs: int, kernel: int, stride: int, padding: int) -> int:
    """Along one axis: how many kernel taps, summed over all outputs, fall on one of the `size` pixels."""
    # SameConv (hybrid.py) pads in forward and declares no padding; SAME padding puts the smaller half in front.
    before = padding or max((outputs - 1) * stride + kernel - size, 0) // 2
    starts = range(-before, outputs * stride - before, stride)
    return sum(0 <= start + tap < size for start in starts for tap in range(kernel))
