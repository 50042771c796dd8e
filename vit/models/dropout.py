"""Dropout (Section B.1) whose draws are a function of (seed, update, layer, image).

The numbers of torch's generators depend on what was drawn before, and so on the device and the micro-batch that an image is in.
Here an image loses the same elements however a batch is divided.

B images of a micro-batch on one device, L layers that draw.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# splitmix64 (Steele et al. 2014): the step between its states, and the shifts and factors of its finaliser
GOLDEN, FINALISER, LAST_SHIFT = 0x9E3779B97F4A7C15, ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)), 31
LEVELS, A_NUMBER = 2**16, 4  # of a draw: 16 bits, four to each number of 64


class Dropout(nn.Dropout):
    """nn.Dropout, whose draws follow from `keys` where a training gives them; otherwise from torch's generator.

    p is rounded to 1/65,536, and what is kept is divided by exactly the share that is kept.
    """

    keys: Tensor | None = None  # int64 (B,), one row of image_keys

    def forward(self, z: Tensor) -> Tensor:
        """(B * lines, ...): consecutive rows belong to one image."""
        if not self.training or self.keys is None or self.p in (0, 1):
            return super().forward(z)
        dropped = round(self.p * LEVELS)
        kept = levels(self.keys, z.numel() // len(self.keys)) >= dropped - LEVELS // 2
        return torch.where(kept.reshape(z.shape), z * (LEVELS / (LEVELS - dropped)), 0)


def drawing_layers(model: nn.Module) -> list[Dropout]:
    """The L layers that draw, in the order of the model."""
    return [module for module in model.modules() if isinstance(module, Dropout) and module.p]


def give_keys(layers: Iterable[Dropout], keys: Iterable[Tensor | None]) -> None:
    """keys: a row of image_keys for each layer; None to let torch's generator draw again."""
    for layer, row in zip(layers, keys, strict=True):
        layer.keys = row


def image_keys(*, seed: int, step: int, first: int, images: int, layers: int) -> Tensor:
    """int64 (L, B) from which the draws of each layer for each image follow.

    step: the update, from 0. first: index of the first of these images in the global batch.
    """
    update = (torch.tensor([signed(seed % 2**64)]), torch.tensor([step]))
    state = torch.zeros(1, dtype=torch.int64)
    for number in (*update, torch.arange(first, first + images), torch.arange(layers)[:, None]):
        state = mix_(mix_(state ^ number).add_(signed(GOLDEN)))
    return state


def levels(keys: Tensor, count: int) -> Tensor:
    """int16 (B, count), uniform over all 65,536 values: splitmix64 of each of the keys (B,)."""
    states = torch.arange(1, -(-count // A_NUMBER) + 1, device=keys.device) * signed(GOLDEN)
    return mix_(keys[:, None] + states).view(torch.int16)[:, :count]


def mix_(state: Tensor) -> Tensor:
    """The finaliser of splitmix64 in place: every bit of int64 `state` changes half of the bits of the result."""
    for shift, factor in FINALISER:
        state.bitwise_xor_(shifted(state, shift)).mul_(signed(factor))
    return state.bitwise_xor_(shifted(state, LAST_SHIFT))


def shifted(state: Tensor, bits: int) -> Tensor:
    """To the right, with zeros in front; torch's own shift of int64 repeats the sign."""
    return (state >> bits).bitwise_and_(2 ** (64 - bits) - 1)


def signed(number: int) -> int:
    """A number of 64 bits without sign as int64 holds it."""
    return number - 2**64 if number >= 2**63 else number
