"""Seeded, disjoint parts of a set."""

import numpy as np

from data.draws import permutation


def held_out(length: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept, held): a random `fraction` of range(length) is held, the rest is kept."""
    size = round(length * fraction)
    if not 0 < size < length:
        raise ValueError(f"held_out={fraction} of {length} training images leaves one part empty")
    order = permutation(length, seed)
    return np.sort(order[size:]), np.sort(order[:size])


def stratified(labels: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (rest, chosen): `size` random ones are chosen, from each class in proportion to its number."""
    depth = np.empty(len(labels))  # how far down in its own class, 0 .. 1
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        depth[members[permutation(len(members), seed, label)]] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(depth, kind="stable")
    return np.sort(order[size:]), np.sort(order[:size])
