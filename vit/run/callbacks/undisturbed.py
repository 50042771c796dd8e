"""Looking at a model in the midst of its training, which then goes on as if nobody had."""

from contextlib import contextmanager

import torch


@contextmanager
def undisturbed(module):
    """Evaluation for a moment: random numbers and the mode of every part are afterwards what they were."""
    modes = {part: part.training for part in module.modules()}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):  # a loader draws a seed; on other devices nothing is drawn
        module.eval()
        try:
            yield
        finally:
            for part, mode in modes.items():
                part.training = mode
