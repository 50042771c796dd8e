"""Which images make up a batch: a pure function of (seed, optimizer step), so resuming needs no saved state."""

from functools import lru_cache
from itertools import count

import numpy as np
from torch.utils.data import Sampler

from data.draws import bits, permutation

LARGE = 2**22  # images; the order of a larger set is worked out where it is needed, as sorting it would take minutes
ROUNDS = 6


@lru_cache(maxsize=2)  # a batch touches at most two epochs, unless the set is smaller than the batch
def shuffled(length: int, seed: int, epoch: int) -> np.ndarray:
    return permutation(length, seed, epoch)


def place(positions: np.ndarray, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the endless stream -> (epochs, indices): every epoch is one permutation of the set."""
    epochs, offsets = np.divmod(positions, length)
    indices = np.empty_like(offsets)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        order = feistel if length > LARGE else shuffled_indices
        indices[here] = order(offsets[here], length, seed, int(epoch))
    return epochs, indices


def shuffled_indices(offsets: np.ndarray, length: int, seed: int, epoch: int) -> np.ndarray:
    return shuffled(length, seed, epoch)[offsets]


def feistel(offsets: np.ndarray, length: int, seed: int, epoch: int) -> np.ndarray:
    """Indices at these places of a random order of range(length), without the order: a Feistel network.

    Its halves are of equal width, so it permutes a power of four; what falls beyond the set goes through it again, which
    is a permutation of the set.
    """
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
    """Endless (epochs, indices) of each loader batch, from optimizer step `start` on.

    Step s takes the positions s * batch_size ... (s + 1) * batch_size - 1 of the stream. Rank r of `ranks` has the
    r-th contiguous share of them, handed out in `pieces` equal batches (gradient accumulation). `largest` is the number of
    images of a loader batch, here and below the most that one has.
    """

    def __init__(
        self,
        *,
        length: int,
        batch_size: int,
        seed: int,
        start: int = 0,
        rank: int = 0,
        ranks: int = 1,
        pieces: int = 1,
    ):
        if batch_size % (ranks * pieces):
            raise ValueError(f"batch_size {batch_size} does not divide into {ranks} rank(s) x {pieces} piece(s)")
        self.length, self.batch_size, self.seed, self.start = length, batch_size, seed, start
        self.rank, self.ranks, self.pieces = rank, ranks, pieces
        self.largest = batch_size // (ranks * pieces)

    def __iter__(self):
        size = self.largest
        for step in count(self.start):
            first = step * self.batch_size + self.rank * self.pieces * size
            for piece in range(self.pieces):
                positions = first + piece * size + np.arange(size)
                yield place(positions, self.length, self.seed)


class FixedOrder(Sampler):
    """The given indices, in their order, in batches of at most `batch_size`."""

    def __init__(self, indices: np.ndarray, *, batch_size: int):
        self.indices, self.largest = indices, batch_size

    def __iter__(self):
        for first in range(0, len(self.indices), self.largest):
            indices = self.indices[first : first + self.largest]
            yield np.zeros_like(indices), indices

    def __len__(self):
        return -(-len(self.indices) // self.largest)


class SequentialOrder(Sampler):
    """Every index once, in order, in batches of at most `batch_size`; no image is padded or counted twice.

    Rank r of `ranks` has the r-th contiguous share; shares differ by one image at most, and none is empty.
    """

    def __init__(self, *, length: int, batch_size: int, rank: int = 0, ranks: int = 1):
        if length < ranks:
            raise ValueError(f"{length} images cannot be shared out among {ranks} devices; evaluate on fewer")
        self.first, self.last = length * rank // ranks, length * (rank + 1) // ranks
        self.largest = batch_size

    def __iter__(self):
        for first in range(self.first, self.last, self.largest):
            indices = np.arange(first, min(first + self.largest, self.last))
            yield np.zeros_like(indices), indices

    def __len__(self):
        return -(-(self.last - self.first) // self.largest)
