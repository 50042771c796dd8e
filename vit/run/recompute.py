"""VIT_RECOMPUTE=1: keep the input of each block alone and compute the block again in the backward pass (activation checkpointing).

The same numbers for about a third more computation, and for a ViT of L blocks about 1/L of the memory of its activations. No part of a
run's identity.
"""

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from vit.errors import UserError
from vit.run.env import env_whole_number


def is_asked_for() -> bool:
    return bool(env_whole_number("VIT_RECOMPUTE"))


def recompute(model: nn.Module) -> None:
    """Let every block of a model be computed twice. Names of parameters stay. UserError for a model that does not say what its blocks are."""
    blocks = model.blocks_in_order()
    if not blocks:
        raise UserError(
            f"VIT_RECOMPUTE: {type(model).__name__} does not say what its blocks are; it needs a method blocks_in_order, or unset it"
        )
    for block in blocks:
        block.forward = partial(
            checkpoint, block.forward, use_reentrant=False
        )  # random numbers are drawn as the first time
