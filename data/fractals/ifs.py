"""The systems of the fractal images: which affine maps belong to a category, and to one instance of it.

Categories after Anderson & Farrell (2022): singular values, rotations, signs and shifts are drawn, and the sum of
s1 + 2 s2 over the maps is kept in a narrow range, which makes most attractors fill their canvas well.
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
FILLED = (0.17, 0.7)  # of the canvas, in a category's own 32 px image: neither dust nor a blot
TOGETHER = 4096  # categories that are searched for at once

# Streams of draws, so that no two parameters are the same number.
COUNT, FIRST, SECOND, INNER, OUTER, MIRROR, SHIFT_X, SHIFT_Y = range(8)
CHOICE, FACTOR, BEND, TURN, FLIP = range(8, 13)


@dataclass
class Systems:
    """The maps of B systems; a map turns (inner, mirror), stretches (singular), turns (outer) and shifts."""

    singular: np.ndarray  # (B, M, 2), larger first; 0 where there is no map
    inner: np.ndarray  # (B, M), radians
    outer: np.ndarray  # (B, M), radians
    mirror: np.ndarray  # (B, M), 1 or -1
    shift: np.ndarray  # (B, M, 2)

    def __getitem__(self, rows: np.ndarray) -> "Systems":
        return Systems(*(value[rows] for value in vars(self).values()))


def candidates(seed: int, categories: np.ndarray, attempts: np.ndarray) -> Systems:
    """What each category is drawn as at an attempt of its own."""
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
    """Which systems to accept as categories (B,): by the sum of singular values first, then by their picture."""
    count = systems.singular.any(-1).sum(1)
    total = (systems.singular @ [1, 2]).sum(1)
    good = (total >= (5 + count) / 2) & (total <= (6 + count) / 2)
    filled = (draw(affine(systems[good]), 32) > 0).float().mean((1, 2)).numpy()
    good[good] = (filled >= FILLED[0]) & (filled <= FILLED[1])
    return good


def search(seed: int, categories: np.ndarray) -> Iterator[np.ndarray]:
    """Of each category the first attempt that is well filled, uint8, block by block: 8 on average.

    The largest among the first 21,843 categories of seed 0 is 108.
    """
    for start in range(0, len(categories), TOGETHER):
        block = categories[start : start + TOGETHER]
        found, waiting, attempt = np.zeros(len(block), np.uint8), np.arange(len(block)), 0
        while len(waiting):
            good = well_filled(candidates(seed, block[waiting], np.full(len(waiting), attempt)))
            found[waiting[good]] = attempt
            waiting, attempt = waiting[~good], attempt + 1
        yield found


def varied(systems: Systems, *keys) -> Systems:
    """Instances: one map of each system is made larger or smaller by up to a fifth and turned by up to 1/8 radian."""
    rows, count = np.arange(len(systems.mirror)), systems.singular.any(-1).sum(1)
    choice, factor, bend = uniform(*keys, np.array([CHOICE, FACTOR, BEND])[:, None])
    chosen = np.floor(count * choice).astype(int)
    singular, outer = systems.singular.copy(), systems.outer.copy()
    larger = singular[rows, chosen] * (0.8 + 0.4 * factor)[:, None]
    singular[rows, chosen] = np.minimum(LARGEST, larger)
    outer[rows, chosen] += 0.25 * (bend - 0.5)
    return Systems(singular, systems.inner, outer, systems.mirror, systems.shift)


def rotation(angle: np.ndarray) -> np.ndarray:
    """Matrices (..., 2, 2)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)


def affine(systems: Systems, view: np.ndarray | None = None) -> torch.Tensor:
    """Maps (B, M, 2, 3); a view (B, 2, 2) is an orthogonal matrix that turns or mirrors the whole attractor.

    They are rounded to multiples of 2^-20: the last bit of a sine differs between machines, the images must not.
    """
    matrix = rotation(systems.outer) @ (systems.singular[..., None] * rotation(systems.inner))
    matrix[..., 1] *= systems.mirror[..., None]
    shift = systems.shift[..., None]
    if view is not None:
        view = view[:, None]
        matrix, shift = view @ matrix @ view.swapaxes(-1, -2), view @ shift
    maps = np.concatenate([matrix, shift], -1)
    return torch.from_numpy(np.round(maps * 2**20) / 2**20)


def views(*keys) -> np.ndarray:
    """Of each instance (B, 2, 2): turned by up to 1/4 radian, and mirrored or not."""
    turn, flip = uniform(*keys, np.array([TURN, FLIP])[:, None])
    matrix = rotation(0.5 * (turn - 0.5))
    matrix[..., 1] *= np.where(flip < 0.5, -1.0, 1.0)[:, None]
    return matrix
