"""Seeded, disjoint parts of a set."""

import numpy as np

from data.draws import permutation


def held_out(length: int, share: float, seed: int, subset: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept, held) of range(length), both taken in turn from one random order.

    First `share` of all is held, then `subset` of the rest is kept: so a smaller subset lies in every larger one and
    the same images are held for all of them. Both are fractions, or above 1 numbers of images.
    """
    held = amount(share, length, "held_out")
    if not 0 < held < length:
        raise ValueError(f"held_out={share} of {length} training images leaves one part empty")
    order = permutation(length, seed)
    return chosen(order[held:], subset), np.sort(order[:held])


def random_subset(length: int, subset: float, seed: int) -> np.ndarray:
    """The same without any held: sorted indices of `subset` of all."""
    return chosen(permutation(length, seed), subset)


def chosen(order: np.ndarray, subset: float) -> np.ndarray:
    """The first `subset` of a random order, sorted."""
    kept = amount(subset, len(order), "subset")
    if not 0 < kept <= len(order):
        raise ValueError(f"subset={subset} of {len(order)} images that are not held out: there is no such part")
    return np.sort(order[:kept])


def amount(part: float, length: int, name: str) -> int:
    """Images in a part that is given as a fraction or, above 1, as their number."""
    if part > 1 and part != int(part):
        raise ValueError(f"{name}={part} is neither a fraction nor a number of images")
    return round(length * part) if part <= 1 else int(part)


def stratified(labels: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (rest, chosen): `size` random ones are chosen, from each class in proportion to its number."""
    depth = np.empty(len(labels))  # how far down in its own class, 0 .. 1
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        depth[members[permutation(len(members), seed, label)]] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(depth, kind="stable")
    return np.sort(order[size:]), np.sort(order[:size])
