"""Weight standardisation of the hybrid's convolutions (Section 4.1), (w - mean) / (std + 1e-5), with a manual gradient.

Autograd would keep several tensors of the kernels' size and is slower: at small batches the kernels dominate the time.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

EPS = 1e-5  # added to the standard deviation, not to the variance
TINY = 1e-30  # added to the variance, so that a constant kernel becomes zeros and not NaN


class Standardise(torch.autograd.Function):
    """Rows w (C, K) to f u, with u = (w - mean) / std and f = std / (std + 1e-5).

    The gradient of a row for an incoming g is f / std (g - mean(g) - f u mean(g u)).
    """

    @staticmethod
    def forward(ctx, rows):
        unit, mean, inverse = torch.native_layer_norm(rows, rows.shape[1:], None, None, TINY)  # inverse: 1 / std
        factor = 1 / (1 + EPS * inverse)
        # rows are a view of the parameter, so only statistics (C, 1) take memory; backward computes `unit` again
        ctx.save_for_backward(rows, mean, inverse, factor)
        return unit.mul_(factor)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        rows, mean, inverse, factor = ctx.saved_tensors
        unit = (rows - mean).mul_(inverse)
        projection = (gradient * unit).mean(dim=1, keepdim=True) * factor
        result = torch.addcmul(gradient, unit, projection, value=-1)
        return result.sub_(gradient.mean(dim=1, keepdim=True)).mul_(factor * inverse)


def standardised(weight: Tensor) -> Tensor:
    """Convolution kernels (C, C_in, k, k), each output channel with mean 0 and almost variance 1."""
    return Standardise.apply(weight.flatten(1)).view_as(weight)
