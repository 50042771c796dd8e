"""Dense, GELU, dense (the MLP of Equation 3) with the gradient by hand, for training on a CPU.

The matrix products run at the processor's peak; the GELU waits for memory, and torch's tanh form takes longer than all
the rest. Here the forward pass visits a few rows at a time, which stay in the cache, and turns them into the GELU's
values and slopes together, as these share their costly part. The slopes take the place of what the GELU received, which
autograd would keep, so memory does not grow; and all that the backward pass does is to multiply by them, in place.
A gradient that is to be differentiated again is left to autograd.
"""

import math

import torch
import torch.nn.functional as F

CUBE = 0.044715  # the tanh form: x sigmoid(w) with w = x (SCALE + SCALE CUBE x^2), as (1 + tanh(u)) / 2 = sigmoid(2 u)
SCALE = 2 * math.sqrt(2 / math.pi)
BLOCK = 2**16  # numbers that a thread visits at a time: four arrays of them fit into its cache
APART = 16  # numbers between rows: where a row fills memory pages exactly, a column's numbers evict each other


def by_hand(*tensors):
    """Whether DenseGeluDense may stand in: all gradients wanted, and nothing but autograd looks at single operations."""
    return (
        not torch.compiler.is_compiling()
        and torch.is_grad_enabled()
        and all(t.requires_grad and t.is_cpu and t.dtype in (torch.float32, torch.float64) for t in tensors)
        and not torch.is_autocast_enabled("cpu")
        and not torch._C._are_functorch_transforms_active()  # what autograd.Function itself asks
    )


class DenseGeluDense(torch.autograd.Function):
    """z (..., D) to GELU(z w1' + b1) w2' + b2 (..., D), `form` being torch's name of the GELU: "tanh" or "none" (erf).

    Modules that hold the weights are not called, so hooks on them are not either.
    """

    @staticmethod
    def forward(ctx, z, w1, b1, w2, b2, form):
        value, slope = value_and_slope(z.flatten(0, -2) @ w1.t(), b1, form)
        ctx.save_for_backward(z, w1, b1, w2, b2, value, slope)
        ctx.form = form
        return torch.addmm(b2, value, w2.t()).view(*z.shape[:-1], -1)

    @staticmethod
    def backward(ctx, gradient):
        *inputs, value, slope = ctx.saved_tensors
        if torch.is_grad_enabled():
            return *torch.autograd.grad(plain(*inputs, ctx.form), inputs, gradient, create_graph=True), None
        ctx.maybe_clear_saved_tensors()  # unless the graph is kept: memory is at its peak here, so it is freed early
        z, w1, _, w2, _ = inputs
        z_rows, gradient = z.flatten(0, -2), gradient.flatten(0, -2)
        for_w2 = gradient.t() @ value
        del value
        inner = slope.new_empty(len(slope), slope.shape[1] + APART)[:, :-APART]
        torch.mm(gradient, w2, out=inner).mul_(slope)
        del slope
        return (inner @ w1).view(z.shape), inner.t() @ z_rows, inner.sum(0), for_w2, gradient.sum(0), None


def plain(z, w1, b1, w2, b2, form):
    """What DenseGeluDense computes."""
    return F.linear(F.gelu(F.linear(z, w1, b1), approximate=form), w2, b2)


def value_and_slope(x, bias, form):
    """GELU(x + bias) and its derivative, both (rows, hidden); the latter takes the place of x."""
    value, rows = torch.empty_like(x), max(1, BLOCK * torch.get_num_threads() // x.shape[1])
    spare = x.new_ones(2, min(rows, len(x)), x.shape[1])
    for part, part_value in zip(x.split(rows), value.split(rows), strict=True):
        BLOCKS[form](part.add_(bias), part_value, *spare[:, : len(part)])
    return value, x


def tanh_block(x, value, logit, sigmoid):
    """The slope is s + s (1 - s) x dw/dx where s = sigmoid(w), and x dw/dx = 3 w - 2 SCALE x."""
    torch.addcmul(x.new_tensor(SCALE), x, x, value=SCALE * CUBE, out=value)
    torch.mul(x, value, out=logit)
    torch.sigmoid(logit, out=sigmoid)
    torch.mul(x, sigmoid, out=value)
    third = torch.sub(logit, x, alpha=2 * SCALE / 3, out=logit)
    torch.ops.aten.sigmoid_backward.grad_input(third, sigmoid, grad_input=third)  # times s (1 - s)
    torch.add(sigmoid, third, alpha=3, out=x)


def erf_block(x, value, ones, _):
    torch.ops.aten.gelu.out(x, out=value)
    torch.ops.aten.gelu_backward.grad_input(ones, x, grad_input=x)


BLOCKS = {"tanh": tanh_block, "none": erf_block}
