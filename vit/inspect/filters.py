"""Filters of the layer next to the image: principal components and singular values (Section 4.5, Figure 7 left).

D filters, C channels, p side of a filter in pixels.
"""

import torch
from torch import Tensor


def principal_components(kernels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The first principal components of filters (D, C, p, p): (components (count, C, p, p), explained variance share (count,)).

    The filters are the samples and their mean is subtracted. Components have length 1, and their largest entry in
    magnitude is positive, as the sign is free. There are fewer than `count` if D or C * p * p is smaller.
    """
    samples = kernels.double().flatten(1)
    _, spread, components = torch.linalg.svd(samples - samples.mean(dim=0), full_matrices=False)
    largest = components.gather(1, components.abs().argmax(dim=1, keepdim=True))
    variance = spread**2
    share = variance / variance.sum().clamp_min(torch.finfo(variance.dtype).tiny)  # equal filters have no variance
    components = (components * largest.sign()).unflatten(1, kernels.shape[1:])
    return components[:count].float(), share[:count].float()


def singular_values(kernels: Tensor) -> Tensor:
    """Of the filters (D, C, p, p) as a matrix (D, C * p * p), nothing subtracted: min(D, C * p * p), falling."""
    return torch.linalg.svdvals(kernels.double().flatten(1)).float()
