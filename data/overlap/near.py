"""All pairs of hashes within a Hamming distance, without comparing every pair.

N and M hashes. If 64 bits are cut into d + 1 bands, two hashes that differ in at most d bits agree in at least one band
(pigeonhole principle): only pairs that share a band are compared, and none is missed.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

BLOCK = 2**16  # of the N hashes at a time
CANDIDATES = 2**21  # pairs compared at a time, and at most M more
MOST = 10_000_000  # pairs: the hash cannot distinguish sets that are this similar


def near(many: np.ndarray, few: np.ndarray, distance: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """uint64 (N,) and (M,) -> sorted indices (P,), (P,) of all pairs within the distance, and their distances (P,).

    ValueError if there are more than MOST pairs.
    """
    masks = bands(distance)
    orders = [np.argsort(few & mask, kind="stable") for mask in masks]
    blocks, total = [np.zeros((3, 0), np.int64)], 0
    for start in range(0, len(many), BLOCK):
        block = many[start : start + BLOCK]
        for number, (mask, order) in enumerate(zip(masks, orders, strict=True)):
            for rows, columns in candidates(block & mask, few[order] & mask):
                pairs = compared(block, few, rows, order[columns], distance, masks[:number])
                blocks.append(pairs + np.array([[start], [0], [0]]))
                total += pairs.shape[1]
                if total > MOST:
                    raise ValueError(f"more than {MOST:,} pairs within distance {distance}; choose a smaller distance")
    first, second, apart = np.concatenate(blocks, axis=1)
    order = np.lexsort((second, first))
    return first[order], second[order], apart[order]


def bands(distance: int) -> list[np.uint64]:
    """Masks of distance + 1 bands of bits, whose widths differ by at most one bit."""
    if not 0 <= distance < 64:
        raise ValueError(f"distance must be between 0 and 63 bits, not {distance}")
    edges = [64 * band // (distance + 1) for band in range(distance + 2)]
    return [np.uint64(2**end - 2**start) for start, end in pairwise(edges)]


def candidates(keys: np.ndarray, ordered: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows of keys, positions in `ordered`) of all equal values, in pieces of about CANDIDATES pairs."""
    start, end = np.searchsorted(ordered, keys, "left"), np.searchsorted(ordered, keys, "right")
    rows = np.flatnonzero(end > start)
    start, counts = start[rows], (end - start)[rows]
    turn = np.cumsum(counts) // CANDIDATES
    for cut in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(turn)) + 1):
        many = counts[cut]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        yield np.repeat(rows[cut], many), np.repeat(start[cut], many) + within


def compared(block, few, rows, columns, distance, earlier) -> np.ndarray:
    """int64 (3, P): rows, columns and distances of the candidates that are near and share no earlier band.

    Those that do were counted there.
    """
    differing = block[rows] ^ few[columns]
    apart = popcount(differing)
    kept = apart <= distance
    for mask in earlier:
        kept &= (differing & mask) != 0
    return np.stack([rows[kept], columns[kept], apart[kept].astype(np.int64)])


def popcount(words: np.ndarray) -> np.ndarray:
    """Set bits of each uint64: sums over 2, 4 and 8 neighbours, then over all bytes by one product."""
    m1, m2, m4, all_bytes = (np.uint64(n * (2**64 // 255)) for n in (0x55, 0x33, 0x0F, 0x01))
    words = words - ((words >> np.uint64(1)) & m1)
    words = (words & m2) + ((words >> np.uint64(2)) & m2)
    words = (words + (words >> np.uint64(4))) & m4
    with np.errstate(over="ignore"):
        return (words * all_bytes) >> np.uint64(56)
