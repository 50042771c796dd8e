"""Seeded, disjoint subsets of the indices of a set."""

import numpy as np

from data.draws import permutation


def held_out(length: int, share: float, seed: int, subset: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (kept, held out) of range(length). Both amounts are fractions or, above 1, numbers of images."""
    held = amount(share, length, "held_out")
    if not 0 < held < length:
        raise ValueError(f"held_out={share} of {length} training images must hold some out and leave some to train on")
    # One random order for both: a smaller subset lies in every larger one, and all of them hold the same images out.
    order = permutation(length, seed)
    return first_of(order[held:], subset), np.sort(order[:held])


def random_subset(length: int, subset: float, seed: int) -> np.ndarray:
    """Sorted indices of `subset` of range(length), with nothing held out."""
    return first_of(permutation(length, seed), subset)


def first_of(order: np.ndarray, subset: float) -> np.ndarray:
    """The first `subset` of a random order, sorted."""
    kept = amount(subset, len(order), "subset")
    if not 0 < kept <= len(order):
        raise ValueError(
            f"subset={subset}: only {len(order)} images are not held out; give a fraction, or 1 to {len(order)} images"
        )
    return np.sort(order[:kept])


def amount(part: float, length: int, name: str) -> int:
    """Number of images in a part stated as a fraction or, above 1, as a number of images."""
    if part > 1 and part != int(part):
        raise ValueError(f"{name}={part} is neither a fraction nor a whole number of images")
    return round(length * part) if part <= 1 else int(part)


def stratified(labels: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices (rest, chosen): `size` random ones are chosen, from each class in proportion to its size."""
    depth = np.empty(len(labels))  # position in a random order of its class, scaled to 0 .. 1
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        depth[members[permutation(len(members), seed, label)]] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(depth, kind="stable")
    return np.sort(order[size:]), np.sort(order[:size])
