"""Which images make up a batch: a pure function of (seed, optimizer step), so resuming needs no saved state.

The samplers yield (epochs, indices), each (B,), of one loader batch after the other.
"""

from functools import lru_cache
from itertools import count

import numpy as np
from torch.utils.data import Sampler

from data.draws import bits, permutation

LARGE = 2**22  # images; sorting random numbers for a larger set would take minutes, so its order is a Feistel network
ROUNDS = 6


@lru_cache(maxsize=2)  # a batch touches at most two epochs, unless the set is smaller than the batch
def shuffled(length: int, seed: int, epoch: int) -> np.ndarray:
    return permutation(length, seed, epoch)


def epochs_and_indices(positions: np.ndarray, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in the endless stream of epochs -> (epochs, indices): every epoch is one permutation of the set."""
    epochs, offsets = np.divmod(positions, length)
    indices = np.empty_like(offsets)
    permute = feistel if length > LARGE else shuffled_indices
    for epoch in np.unique(epochs):
        rows = epochs == epoch
        indices[rows] = permute(offsets[rows], length, seed, int(epoch))
    return epochs, indices


def shuffled_indices(offsets: np.ndarray, length: int, seed: int, epoch: int) -> np.ndarray:
    return shuffled(length, seed, epoch)[offsets]


def feistel(offsets: np.ndarray, length: int, seed: int, epoch: int) -> np.ndarray:
    """Elements `offsets` of a random permutation of range(length) that is never stored: a Feistel network."""
    # Halves of equal width permute a power of four. Values beyond the set go through the network again
    # ("cycle walking"), which restricts the permutation to the set.
    width = np.uint64(max(1, -(-(length - 1).bit_length() // 2)))
    low = (np.uint64(1) << width) - np.uint64(1)
    values, beyond = offsets.astype(np.uint64), np.ones(len(offsets), bool)
    while beyond.any():
        left, right = values[beyond] >> width, values[beyond] & low
        for turn in range(ROUNDS):
            left, right = right, left ^ (bits(seed, epoch, turn, right) & low)
        values[beyond] = (left << width) | right
        beyond = values >= length
    return values.astype(np.int64)


class StepOrder(Sampler):
    """The endless order of training, from optimizer step `start` on.

    Step s takes the positions s * batch_size ... (s + 1) * batch_size - 1 of the stream. Rank r has the r-th contiguous
    share of them, in `micro_batches` equal loader batches (gradient accumulation).
    """

    def __init__(
        self,
        *,
        length: int,
        batch_size: int,
        seed: int,
        start: int = 0,
        rank: int = 0,
        world_size: int = 1,
        micro_batches: int = 1,
    ):
        if batch_size % (world_size * micro_batches):
            raise ValueError(
                f"batch_size {batch_size} is not divisible by {world_size} device(s) x {micro_batches} micro-batch(es)"
            )
        self.length, self.batch_size, self.seed, self.start = length, batch_size, seed, start
        self.rank, self.micro_batches = rank, micro_batches
        self.loader_batch_size = batch_size // (world_size * micro_batches)

    def __iter__(self):
        size = self.loader_batch_size
        for step in count(self.start):
            first = step * self.batch_size + self.rank * self.micro_batches * size
            for number in range(self.micro_batches):
                positions = first + number * size + np.arange(size)
                yield epochs_and_indices(positions, self.length, self.seed)


class FixedOrder(Sampler):
    """The given indices, in their order, in batches of at most `batch_size`."""

    def __init__(self, indices: np.ndarray, *, batch_size: int):
        self.indices, self.loader_batch_size = indices, batch_size

    def __iter__(self):
        for first in range(0, len(self.indices), self.loader_batch_size):
            indices = self.indices[first : first + self.loader_batch_size]
            yield np.zeros_like(indices), indices

    def __len__(self):
        return -(-len(self.indices) // self.loader_batch_size)


class SequentialOrder(Sampler):
    """Every index once, ascending, in batches of at most `batch_size`; no image is padded or counted twice.

    Rank r of `world_size` has the r-th contiguous share; shares differ by one image at most.
    """

    def __init__(self, *, length: int, batch_size: int, rank: int = 0, world_size: int = 1):
        if length < world_size:
            raise ValueError(f"{length} images cannot be divided among {world_size} devices; evaluate on fewer devices")
        self.first, self.last = length * rank // world_size, length * (rank + 1) // world_size
        self.loader_batch_size = batch_size

    def __iter__(self):
        for first in range(self.first, self.last, self.loader_batch_size):
            indices = np.arange(first, min(first + self.loader_batch_size, self.last))
            yield np.zeros_like(indices), indices

    def __len__(self):
        return -(-(self.last - self.first) // self.loader_batch_size)
