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

    Every map must be a contraction; a map of zeros is absent.
    """
    x, y = walk(maps, walkers=4 * size, steps=9 * size // 8)
    return paint(pixels(x, size), pixels(y, size), size)


def walk(maps: torch.Tensor, *, walkers: int, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points x and y (T, W, B) on the attractors.

    Each of W slots always applies the same map, and after each step all walkers change slots, by one permutation for
    all images. So a walker meets the maps in random order, and a map's numbers are looked up once, not at each step.
    """
    slots = assign(maps, walkers)  # (B, W)
    (a, b, e), (c, d, f) = maps[torch.arange(len(maps))[:, None], slots].permute(2, 3, 1, 0).float().contiguous()
    determinant = (1 - a) * (1 - d) - b * c
    x, y = ((1 - d) * e + b * f) / determinant, ((1 - a) * f + c * e) / determinant  # the map's fixed point
    track = []
    for order in reorderings(walkers, BURN_IN + steps).to(maps.device):
        x, y = (a * x + b * y + e).index_select(0, order), (c * x + d * y + f).index_select(0, order)
        track.append((x, y))
    xs, ys = zip(*track[BURN_IN:], strict=True)
    return torch.stack(xs), torch.stack(ys)


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
    """One coordinate of the points (T, W, B) -> its pixel, int32; each image just fits between the margins."""
    low, high = points.amin((0, 1)), points.amax((0, 1))
    margin = size // MARGIN
    span = size - 2 * margin
    scale = span / (high - low).clamp(min=1e-6)
    return ((points - low) * scale).int().clamp(max=span - 1) + margin  # only the largest point needs the clamp


def paint(x: torch.Tensor, y: torch.Tensor, size: int) -> torch.Tensor:
    """Counts the hits of each pixel and turns them into grey tones."""
    batch = x.shape[-1]
    image = torch.arange(batch, dtype=torch.int32, device=x.device) * size**2
    hits = torch.bincount((image + y * size + x).view(-1), minlength=batch * size**2)
    return TONES.to(x.device)[hits.clamp(max=SATURATION)].view(batch, size, size)
