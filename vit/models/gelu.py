"""The MLP of Equation 3 (dense, GELU, dense) as one autograd function, for training on a CPU.

Matrix products run at the processor's peak, but the GELU is bound by memory: torch's tanh form costs more than everything
else that is not a product. Here the forward pass computes values and derivatives together, a block of rows at a time.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vit.native import fused_gelu as native

# tanh form: x sigmoid(w) with w = x (SCALE + SCALE CUBE x^2), since (1 + tanh(u)) / 2 = sigmoid(2 u)
CUBE = 0.044715
SCALE = 2 * math.sqrt(2 / math.pi)
BLOCK = 2**16  # elements per thread at a time: four arrays of that size fit into the cache
ROW_GAP = 16  # elements between rows: rows that fill whole memory pages would map a column to the same cache lines


def is_supported(*tensors: Tensor) -> bool:
    """Whether DenseGeluDense gives what the separate modules would: on a CPU, in training, with every gradient wanted."""
    return (
        not torch.compiler.is_compiling()
        and torch.is_grad_enabled()
        and all(t.requires_grad and t.is_cpu and t.dtype in (torch.float32, torch.float64) for t in tensors)
        and not torch.is_autocast_enabled("cpu")
        # torch.func transforms need a setup_context; this is the check that autograd.Function.apply itself makes
        and not torch._C._are_functorch_transforms_active()
    )


class DenseGeluDense(torch.autograd.Function):
    """GELU(z w1' + b1) w2' + b2 for z (..., D); `form` is torch's name of the GELU, "tanh" or "none" (erf)."""

    # The nn.Linear modules that hold the weights are not called, so their forward hooks do not run.

    @staticmethod
    def forward(ctx, z, w1, b1, w2, b2, form):
        value, slope = value_and_slope(z.flatten(0, -2) @ w1.t(), b1, form)
        ctx.save_for_backward(z, w1, b1, w2, b2, value, slope)  # two hidden-sized tensors, as many as autograd keeps
        ctx.form = form
        return torch.addmm(b2, value, w2.t()).view(*z.shape[:-1], -1)

    @staticmethod
    def backward(ctx, gradient):
        *inputs, value, slope = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph=True: autograd differentiates the plain formula a second time
            return *torch.autograd.grad(separate(*inputs, ctx.form), inputs, gradient, create_graph=True), None
        ctx.maybe_clear_saved_tensors()  # unless retain_graph: memory peaks here, so tensors are freed as early as possible
        z, w1, _, w2, _ = inputs
        z_rows, gradient = z.flatten(0, -2), gradient.flatten(0, -2)
        grad_w2 = gradient.t() @ value
        del value
        hidden = slope.new_empty(len(slope), slope.shape[1] + ROW_GAP)[:, :-ROW_GAP]
        torch.mm(gradient, w2, out=hidden).mul_(slope)
        del slope
        return (hidden @ w1).view(z.shape), hidden.t() @ z_rows, hidden.sum(0), grad_w2, gradient.sum(0), None


def separate(z, w1, b1, w2, b2, form):
    """The same value from separate operations."""
    return F.linear(F.gelu(F.linear(z, w1, b1), approximate=form), w2, b2)


def value_and_slope(x, bias, form):
    """GELU(x + bias) and its derivative, both (rows, hidden); the derivative overwrites x, which nothing needs any more."""
    if form == "tanh" and (value := native.value_and_slope(x, bias)) is not None:
        return value, x
    value, rows = torch.empty_like(x), max(1, BLOCK * torch.get_num_threads() // x.shape[1])
    buffers = x.new_ones(2, min(rows, len(x)), x.shape[1])
    for block, block_value in zip(x.split(rows), value.split(rows), strict=True):
        BLOCKS[form](block.add_(bias), block_value, *buffers[:, : len(block)])
    return value, x


def tanh_block(x, value, logit, sigmoid):
    """With s = sigmoid(w), the derivative is s + s (1 - s) x dw/dx, where x dw/dx = 3 w - 2 SCALE x."""
    torch.addcmul(x.new_tensor(SCALE), x, x, value=SCALE * CUBE, out=value)
    torch.mul(x, value, out=logit)
    torch.sigmoid(logit, out=sigmoid)
    torch.mul(x, sigmoid, out=value)
    third = torch.sub(logit, x, alpha=2 * SCALE / 3, out=logit)
    torch.ops.aten.sigmoid_backward.grad_input(third, sigmoid, grad_input=third)  # multiplies by s (1 - s)
    torch.add(sigmoid, third, alpha=3, out=x)


def erf_block(x, value, ones, _):
    torch.ops.aten.gelu.out(x, out=value)
    torch.ops.aten.gelu_backward.grad_input(ones, x, grad_input=x)


BLOCKS = {"tanh": tanh_block, "none": erf_block}
