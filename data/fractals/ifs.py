"""The iterated function systems of the fractal images: the affine maps of a category and of an instance of it.

Categories after Anderson & Farrell (2022): singular values, rotations, signs and shifts are drawn, and the sum of
s1 + 2 s2 over the maps is kept in a narrow range, in which most attractors fill their canvas well.
An image is a pure function of (seed, category, instance). B images, M = 4 maps, S size.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from data.draws import uniform
from data.fractals.chaos_game import draw

MAPS = 4
LARGEST = 0.95  # singular value: every map stays a contraction, so no walk can diverge
FILLED = (0.17, 0.7)  # accepted shares of the canvas in a category's 32 px image: neither dust nor a blot
BLOCK = 4096  # categories searched for at once

# Streams of draws, so that no two parameters are the same number.
COUNT, FIRST, SECOND, INNER, OUTER, MIRROR, SHIFT_X, SHIFT_Y = range(8)
CHOICE, FACTOR, BEND, TURN, FLIP = range(8, 13)


@dataclass
class Systems:
    """The maps of B systems; a map rotates (inner, mirror), scales (singular), rotates (outer) and shifts."""

    singular: np.ndarray  # (B, M, 2), larger first; 0 for absent maps
    inner: np.ndarray  # (B, M), radians
    outer: np.ndarray  # (B, M), radians
    mirror: np.ndarray  # (B, M), 1 or -1
    shift: np.ndarray  # (B, M, 2)

    def __getitem__(self, rows: np.ndarray) -> "Systems":
        return Systems(*(value[rows] for value in vars(self).values()))


def candidates(seed: int, categories: np.ndarray, attempts: np.ndarray) -> Systems:
    """The system drawn for each category (B,) at its attempt (B,)."""
    streams = np.arange(FIRST, SHIFT_Y + 1)[:, None, None]
    first, second, inner, outer, mirror, x, y = uniform(
        seed, categories[:, None], attempts[:, None], streams, np.arange(MAPS)
    )
    count = 2 + np.floor(3 * uniform(seed, categories, COUNT))  # 2, 3 or 4 maps, at every attempt
    present = (np.arange(MAPS) < count[:, None])[..., None]
    return Systems(
        singular=-np.sort(-LARGEST * np.stack([first, second], -1)) * present,
        inner=2 * np.pi * inner,
        outer=2 * np.pi * outer,
        mirror=np.where(mirror < 0.5, -1.0, 1.0),
        shift=np.stack([2 * x - 1, 2 * y - 1], -1) * present,
    )


def well_filled(systems: Systems) -> np.ndarray:
    """The systems to accept as categories, bool (B,): by the sum of singular values first, then by their picture."""
    count = systems.singular.any(-1).sum(1)
    total = (systems.singular @ [1, 2]).sum(1)
    good = (total >= (5 + count) / 2) & (total <= (6 + count) / 2)
    filled = (draw(affine(systems[good]), 32) > 0).float().mean((1, 2)).numpy()
    good[good] = (filled >= FILLED[0]) & (filled <= FILLED[1])
    return good


def search(seed: int, categories: np.ndarray) -> Iterator[np.ndarray]:
    """The first well-filled attempt of each category, in blocks: 8 on average."""
    for start in range(0, len(categories), BLOCK):
        block = categories[start : start + BLOCK]
        # uint8 is enough: the largest attempt of the first 21,843 categories of seed 0 is 108
        accepted, remaining, attempt = np.zeros(len(block), np.uint8), np.arange(len(block)), 0
        while len(remaining):
            good = well_filled(candidates(seed, block[remaining], np.full(len(remaining), attempt)))
            accepted[remaining[good]] = attempt
            remaining, attempt = remaining[~good], attempt + 1
        yield accepted


def varied(systems: Systems, *keys) -> Systems:
    """Instances: one map of each system is scaled by 0.8 to 1.2 and rotated by up to 1/8 radian."""
    rows, count = np.arange(len(systems.mirror)), systems.singular.any(-1).sum(1)
    choice, factor, bend = uniform(*keys, np.array([CHOICE, FACTOR, BEND])[:, None])
    chosen = np.floor(count * choice).astype(int)
    singular, outer = systems.singular.copy(), systems.outer.copy()
    scaled = singular[rows, chosen] * (0.8 + 0.4 * factor)[:, None]
    singular[rows, chosen] = np.minimum(LARGEST, scaled)
    outer[rows, chosen] += 0.25 * (bend - 0.5)
    return Systems(singular, systems.inner, outer, systems.mirror, systems.shift)


def rotation(angle: np.ndarray) -> np.ndarray:
    """Angles (...) in radians -> matrices (..., 2, 2)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)


def affine(systems: Systems, view: np.ndarray | None = None) -> torch.Tensor:
    """Maps float64 (B, M, 2, 3). view: an orthogonal matrix (B, 2, 2) that rotates or mirrors the whole attractor."""
    matrix = rotation(systems.outer) @ (systems.singular[..., None] * rotation(systems.inner))
    matrix[..., 1] *= systems.mirror[..., None]
    shift = systems.shift[..., None]
    if view is not None:
        view = view[:, None]
        matrix, shift = view @ matrix @ view.swapaxes(-1, -2), view @ shift
    maps = np.concatenate([matrix, shift], -1)
    # Rounded to multiples of 2^-20: the last bit of a sine differs between machines, the images must not.
    return torch.from_numpy(np.round(maps * 2**20) / 2**20)


def views(*keys) -> np.ndarray:
    """The view of each instance (B, 2, 2): a rotation by up to 1/4 radian, mirrored or not."""
    turn, flip = uniform(*keys, np.array([TURN, FLIP])[:, None])
    matrix = rotation(0.5 * (turn - 0.5))
    matrix[..., 1] *= np.where(flip < 0.5, -1.0, 1.0)[:, None]
    return matrix
