"""Evaluating a model in the middle of its training."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """eval(), no gradients, and the average of the weights if the task keeps one (vit.tasks.averaging).

    Afterwards the weights, the training mode of every submodule and the random state are as before.
    """
    modes = {part: part.training for part in module.modules()}
    # The CPU's random state, from which a DataLoader takes its seed. No evaluation draws random numbers on a GPU.
    averaged = getattr(module, "averaged", nullcontext)
    with torch.no_grad(), torch.random.fork_rng(devices=[]), averaged():
        module.eval()
        try:
            yield
        finally:
            for part, mode in modes.items():
                part.training = mode
