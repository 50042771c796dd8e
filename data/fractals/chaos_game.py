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
    images = torch.empty(len(maps), size, size, dtype=torch.uint8, device=maps.device)
    walkers, steps, together = 4 * size, 9 * size // 8, at_once(size, maps.device.type)
    # One piece of memory for the points of all blocks: new pages from the system take as long as the points.
    room = torch.empty(3 * steps * walkers * min(together, len(maps)), device=maps.device)
    for start in range(0, len(maps), together):
        block = maps[start : start + together]
        count = steps * walkers * len(block)
        track = walk(block, room[: 2 * count].view(steps, 2, walkers, -1))
        places = pixels(track, size, room[2 * count : 3 * count].view(torch.int32))
        paint(places, images[start : start + together])
    return images


def at_once(size: int, device: str) -> int:
    """How many images: on a CPU what walks stays in the cache, a GPU wants much to do and has the memory."""
    return max(1, 2400 // size if device == "cpu" else 2**22 // size**2)


def walk(maps: torch.Tensor, track: torch.Tensor) -> torch.Tensor:
    """Fills the track (T, 2, W, B) with points, x and y, on the attractors.

    Each of W slots always applies the same map, and after each step all walkers change slots, by one permutation for
    all images. So a walker meets the maps in random order, and a map's numbers are looked up once, not at each step.
    """
    steps, _, walkers, batch = track.shape
    rows = torch.arange(batch, device=maps.device)[:, None]
    by_x, by_y, shift = maps[rows, assign(maps, walkers)].permute(3, 2, 1, 0).float().contiguous()  # each (2, W, B)
    (a, c), (b, d), (e, f) = by_x, by_y, shift
    determinant = (1 - a) * (1 - d) - b * c
    point = torch.stack([(1 - d) * e + b * f, (1 - a) * f + c * e]) / determinant  # the map's fixed point
    moved, part = torch.empty_like(point), torch.empty_like(point)
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


def pixels(track: torch.Tensor, size: int, out: torch.Tensor) -> torch.Tensor:
    """Points (T, 2, W, B) -> their pixels, counted through all images, int32 (T, W, B) in `out`, any shape of that size.

    Each image just fits between the margins, on both axes.
    """
    steps, _, walkers, batch = track.shape
    low, high = track.amin(0).amin(1), track.amax(0).amax(1)  # (2, B)
    margin = size // MARGIN
    span = size - 2 * margin
    scale = span / (high - low).clamp(min=1e-6)
    low, scale = (one[:, None].repeat(1, walkers, 1) for one in (low, scale))  # else torch would go by rows of B
    first = torch.arange(batch, dtype=torch.int32, device=track.device) * size**2 + margin * (size + 1)
    few = max(1, 2**16 // low.numel()) if track.device.type == "cpu" else steps  # in the cache
    first, out = first.repeat(walkers, 1), out.view(steps, walkers, batch)
    for points, place in zip(track.split(few), out.split(few), strict=True):
        x, y = (points - low).mul_(scale).int().clamp_(max=span - 1).unbind(1)  # only the largest needs the clamp
        torch.add(x, y, alpha=size, out=place).add_(first)
    return out


def paint(places: torch.Tensor, images: torch.Tensor) -> None:
    """Counts the hits of each pixel of the images (B, S, S) and turns them into grey tones."""
    hits = torch.bincount(places.view(-1), minlength=images.numel())
    images.copy_(TONES.to(images.device)[hits.clamp_(max=SATURATION)].view(images.shape))
