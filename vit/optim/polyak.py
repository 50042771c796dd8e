"""Polyak averaging (EMA) of weights, factor 0.9999 for the ImageNet numbers of Table 2 (Section 4.1)."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Polyak(nn.Module):
    """average = factor average + (1 - factor) theta after every update.

    A module, so that checkpoints contain the average and it moves to the task's device.
    """

    # The paper does not say where the average starts. Here it starts as theta, so the weights before training still count
    # factor**updates: 14% after 20,000 updates.

    def __init__(self, parameters: Iterable[Tensor], factor: float):
        """parameters: copied; the methods take them in the same order."""
        super().__init__()
        self.factor = factor
        copies = [nn.Parameter(parameter.detach().clone(), requires_grad=False) for parameter in parameters]
        self.average = nn.ParameterList(copies)

    @torch.no_grad()
    def update(self, parameters: Iterable[Tensor]) -> None:
        """Move the average towards the parameters."""
        torch._foreach_lerp_(list(self.average), [p.detach() for p in parameters], 1 - self.factor)

    @torch.no_grad()
    def swap(self, parameters: Iterable[Tensor]) -> None:
        """Exchange parameters and average in place; a second call restores both."""
        for average, parameter in zip(self.average, parameters, strict=True):
            copy = parameter.clone()
            parameter.copy_(average)
            average.copy_(copy)

    @torch.no_grad()
    def write_to(self, parameters: Iterable[Tensor]) -> None:
        """Overwrite the parameters with the average."""
        for average, parameter in zip(self.average, parameters, strict=True):
            parameter.copy_(average)
