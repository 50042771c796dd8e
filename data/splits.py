"""Seeded, disjoint parts of a set."""

import numpy as np

from data.draws import permutation


def held_out(length: int, share: float, seed: int, subset: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept, held) of range(length), both taken in turn from one random order.

    First `share` of all is held, then `subset` of the rest is kept: so a smaller subset lies in every larger one and
    the same images are held for all of them. Both are fractions, or above 1 numbers of images.
    """
    size = round(length * share) if share <= 1 else whole(share, "held_out")
    if not 0 < size < length:
        raise ValueError(f"held_out={share} of {length} training images leaves one part empty")
    rest = length - size
    kept = round(rest * subset) if subset <= 1 else whole(subset, "subset")
    if not 0 < kept <= rest:
        raise ValueError(f"subset={subset} of the {rest} training images that are not held out: there is no such part")
    order = permutation(length, seed)
    return np.sort(order[size : size + kept]), np.sort(order[:size])


def whole(number: float, name: str) -> int:
    if number != int(number):
        raise ValueError(f"{name}={number} is neither a fraction nor a number of images")
    return int(number)


def stratified(labels: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (rest, chosen): `size` random ones are chosen, from each class in proportion to its number."""
    depth = np.empty(len(labels))  # how far down in its own class, 0 .. 1
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        depth[members[permutation(len(members), seed, label)]] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(depth, kind="stable")
    return np.sort(order[size:]), np.sort(order[:size])
