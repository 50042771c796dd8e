"""Standardised kernels (Section 4.1) as the hybrid has them, (w - mean) / (std + 1e-5), with the gradient by hand.

A formula for autograd keeps tensors as large as the kernels and takes longer: at small batches kernels are what takes time.
"""

import torch
from torch.autograd.function import once_differentiable

EPS = 1e-5  # added to std, not to the variance
TINY = 1e-30  # to the variance, so that a constant kernel becomes zeros


class Standardise(torch.autograd.Function):
    """Rows w to f u, where u = (w - mean) / std and f = std / (std + 1e-5).

    A gradient g goes back as f / std (g - mean(g) - f u mean(g u)).
    """

    @staticmethod
    def forward(ctx, rows):
        unit, mean, inverse = torch.native_layer_norm(rows, rows.shape[1:], None, None, TINY)
        factor = 1 / (1 + EPS * inverse)
        ctx.save_for_backward(rows, mean, inverse, factor)
        return unit.mul_(factor)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        rows, mean, inverse, factor = ctx.saved_tensors
        unit = (rows - mean).mul_(inverse)
        along = (gradient * unit).mean(dim=1, keepdim=True) * factor
        rest = torch.addcmul(gradient, unit, along, value=-1)
        return rest.sub_(gradient.mean(dim=1, keepdim=True)).mul_(factor * inverse)


def standardised(weight):
    """A convolution's kernels, each with mean 0 and (almost) variance 1."""
    return Standardise.apply(weight.flatten(1)).view_as(weight)
