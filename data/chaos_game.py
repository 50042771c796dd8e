"""Draws attractors of iterated function systems (IFS) by random walks, the chaos game, many images at once.

B images, M maps, W walkers of an image, T steps, S size. Every operation is elementwise or exact, and products and
sums are separate (a fused one rounds differently), so that an image is the same whatever the batch and the device.
"""

from functools import cache

import numpy as np
import torch

from data.draws import permutation

BURN_IN = 8  # steps; a walker starts on the attractor, at a fixed point, and these only spread the walkers
MARGIN = 32  # one pixel in so many is left free on each side
SATURATION = 32  # hits that make a pixel white; there are 4.5 for each pixel of the canvas
TONES = torch.tensor([round(255 * (hits / SATURATION) ** 0.5) for hits in range(SATURATION + 1)], dtype=torch.uint8)


def draw(maps: torch.Tensor, size: int) -> torch.Tensor:
    """Affine maps float64 (B, M, 2, 3) -> images uint8 (B, S, S), each attractor filling its canvas.

    Every map must be a contraction; a map of zeros is absent. The images lie where the maps do.
    """
    return paint(pixels(walk(maps, walkers=4 * size, steps=9 * size // 8), size), size)


def at_once(size: int, device: torch.device | str) -> int:
    """How many images to draw together: on a CPU their walkers stay in the cache, on a GPU they keep it busy."""
    return max(1, 3072 // size if torch.device(device).type == "cpu" else 2**22 // size**2)


def walk(maps: torch.Tensor, *, walkers: int, steps: int) -> torch.Tensor:
    """Points (T, 2, W, B), x and y, on the attractors.

    Each of W slots always applies the same map, and after each step all walkers change slots, by one permutation for
    all images. So a walker meets the maps in random order, and a map's numbers are looked up once, not at each step.
    """
    slots = assign(maps, walkers)  # (B, W)
    rows = torch.arange(len(maps), device=maps.device)[:, None]
    by_x, by_y, shift = maps[rows, slots].permute(3, 2, 1, 0).float().contiguous()  # (2, W, B): columns of the maps
    (a, c), (b, d), (e, f) = by_x, by_y, shift
    determinant = (1 - a) * (1 - d) - b * c
    point = torch.stack([(1 - d) * e + b * f, (1 - a) * f + c * e]) / determinant  # the map's fixed point
    track, moved, part = point.new_empty(steps, *point.shape), torch.empty_like(point), torch.empty_like(point)
    for step, order in enumerate(reorderings(walkers, BURN_IN + steps).to(maps.device), start=-BURN_IN):
        torch.mul(by_x, point[0], out=moved)
        moved.add_(torch.mul(by_y, point[1], out=part)).add_(shift)
        point = torch.index_select(moved, 1, order, out=track[max(0, step)])
    return track


@cache
def reorderings(walkers: int, steps: int) -> torch.Tensor:
    """A permutation of the walkers for each step (T, W)."""
    return torch.from_numpy(np.stack([permutation(walkers, step) for step in range(steps)]))


def assign(maps: torch.Tensor, walkers: int) -> torch.Tensor:
    """The map of each slot (B, W): shares in proportion to |determinant|, none under 1/16 of the largest."""
    (a, b, _), (c, d, _) = maps.permute(2, 3, 0, 1)
    area = (a * d - b * c).abs()  # (B, M)
    share = area.clamp(min=area.amax(1, keepdim=True) / 16) * maps.any(-1).any(-1)
    edges = (walkers * share.cumsum(1) / share.sum(1, keepdim=True)).round()  # one past the last slot of each map
    return torch.searchsorted(edges, torch.arange(walkers, device=maps.device).expand(len(maps), -1) + 0.5)


def pixels(points: torch.Tensor, size: int) -> torch.Tensor:
    """Points (T, 2, W, B) -> their pixels, int32; each image just fits between the margins, on both axes."""
    low, high = points.amin(0).amin(-2, keepdim=True), points.amax(0).amax(-2, keepdim=True)
    margin = size // MARGIN
    span = size - 2 * margin
    scale = span / (high - low).clamp(min=1e-6)
    return (points - low).mul_(scale).int().clamp_(max=span - 1).add_(margin)  # only the largest needs the clamp


def paint(places: torch.Tensor, size: int) -> torch.Tensor:
    """Counts the hits of each pixel and turns them into grey tones."""
    x, y = places.unbind(1)
    batch = places.shape[-1]
    image = torch.arange(batch, dtype=torch.int32, device=places.device) * size**2
    hits = torch.bincount((y * size).add_(x).add_(image).view(-1), minlength=batch * size**2)
    return TONES.to(places.device)[hits.clamp_(max=SATURATION)].view(batch, size, size)
