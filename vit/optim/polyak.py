"""Polyak averaging of weights, factor 0.9999 for the ImageNet numbers of Table 2 (Section 4.1)."""

import torch
from torch import nn


class Polyak(nn.Module):
    """average = factor average + (1 - factor) theta after every update; at first the average is theta itself.

    A module, so that the average goes into a task's checkpoint and to its device. The paper does not say where the
    average starts: the starting weights still count factor**updates (14% after 20,000 updates).
    """

    def __init__(self, parameters, factor):
        """parameters: tensors, copied; `update` and `swap` take them in the same order."""
        super().__init__()
        self.factor = factor
        copies = [nn.Parameter(parameter.detach().clone(), requires_grad=False) for parameter in parameters]
        self.average = nn.ParameterList(copies)

    @torch.no_grad()
    def update(self, parameters):
        """After an update of the parameters."""
        torch._foreach_lerp_(list(self.average), [p.detach() for p in parameters], 1 - self.factor)

    @torch.no_grad()
    def swap(self, parameters):
        """Exchange parameters and average in place; a second time brings both back."""
        for average, parameter in zip(self.average, parameters, strict=True):
            kept = parameter.clone()
            parameter.copy_(average)
            average.copy_(kept)

    @torch.no_grad()
    def write_to(self, parameters):
        """The average in the parameters' place."""
        for average, parameter in zip(self.average, parameters, strict=True):
            parameter.copy_(average)
