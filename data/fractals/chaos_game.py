"""Draws attractors of iterated function systems (IFS) by random walks, the chaos game, many images at once.

B images, M maps, W walkers per image, T steps, S size. An image does not depend on its batch or the device: every
operation is elementwise or exact, and products and sums are separate, since a fused multiply-add rounds differently.
"""

from functools import cache

import numpy as np
import torch

from data.draws import permutation

BURN_IN = 8  # steps to spread the walkers, which start on the attractor already, at fixed points of its maps
MARGIN = 32  # the margin on each side is S // 32 pixels
SATURATION = 32  # hits that make a pixel white; the canvas has 4.5 per pixel on average
TONES = torch.tensor([round(255 * (hits / SATURATION) ** 0.5) for hits in range(SATURATION + 1)], dtype=torch.uint8)


def draw(maps: torch.Tensor, size: int) -> torch.Tensor:
    """Affine maps float64 (B, M, 2, 3) -> images uint8 (B, S, S) on their device, each attractor filling its canvas.

    Every map must be a contraction; a map of zeros is absent.
    """
    images = torch.empty(len(maps), size, size, dtype=torch.uint8, device=maps.device)
    walkers, steps, block_size = 4 * size, 9 * size // 8, images_per_block(size, maps.device.type)
    # One buffer for the points of all blocks: fresh pages from the system cost as much time as computing the points.
    buffer = torch.empty(3 * steps * walkers * min(block_size, len(maps)), device=maps.device)
    for start in range(0, len(maps), block_size):
        block = maps[start : start + block_size]
        count = steps * walkers * len(block)
        track = walk(block, buffer[: 2 * count].view(steps, 2, walkers, -1))
        indices = pixels(track, size, buffer[2 * count : 3 * count].view(torch.int32))
        paint(indices, images[start : start + block_size])
    return images


def images_per_block(size: int, device: str) -> int:
    """On a CPU the walkers of a block fit into the cache; a GPU has the memory for a block that keeps it busy."""
    return max(1, 2400 // size if device == "cpu" else 2**22 // size**2)


def walk(maps: torch.Tensor, track: torch.Tensor) -> torch.Tensor:
    """Fills the track (T, 2, W, B) with points, x and y, on the attractors.

    Each of W slots always applies the same map, and after each step all walkers change slots, by one permutation for
    all images. So a walker applies the maps in random order, and a map's numbers are gathered once, not at each step.
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
    """A permutation of the walkers for each step, int64 (T, W)."""
    return torch.from_numpy(np.stack([permutation(walkers, step) for step in range(steps)]))


def assign(maps: torch.Tensor, walkers: int) -> torch.Tensor:
    """The map of each slot (B, W), with shares proportional to |determinant|, but at least 1/16 of the largest."""
    (a, b, _), (c, d, _) = maps.permute(2, 3, 0, 1)
    area = (a * d - b * c).abs()  # (B, M)
    share = area.clamp(min=area.amax(1, keepdim=True) / 16) * maps.any(-1).any(-1)
    edges = (walkers * share.cumsum(1) / share.sum(1, keepdim=True)).round()  # end of each map's range of slots
    return torch.searchsorted(edges, torch.arange(walkers, device=maps.device).expand(len(maps), -1) + 0.5)


def pixels(track: torch.Tensor, size: int, out: torch.Tensor) -> torch.Tensor:
    """Points (T, 2, W, B) -> pixel indices into the flattened images, int32 (T, W, B), in `out` of any such shape.

    Both axes are scaled so that the attractor just fits between the margins.
    """
    steps, _, walkers, batch = track.shape
    low, high = track.amin(0).amin(1), track.amax(0).amax(1)  # (2, B)
    margin = size // MARGIN
    span = size - 2 * margin
    scale = span / (high - low).clamp(min=1e-6)
    # Repeated for all walkers: broadcast, torch would iterate over rows of only B numbers.
    low, scale = low[:, None].repeat(1, walkers, 1), scale[:, None].repeat(1, walkers, 1)
    origin = torch.arange(batch, dtype=torch.int32, device=track.device) * size**2 + margin * (size + 1)
    chunk = max(1, 2**16 // low.numel()) if track.device.type == "cpu" else steps  # steps; fits into the CPU's cache
    origin, out = origin.repeat(walkers, 1), out.view(steps, walkers, batch)
    for points, indices in zip(track.split(chunk), out.split(chunk), strict=True):
        x, y = (points - low).mul_(scale).int().clamp_(max=span - 1).unbind(1)  # only the largest needs the clamp
        torch.add(x, y, alpha=size, out=indices).add_(origin)
    return out


def paint(indices: torch.Tensor, images: torch.Tensor) -> None:
    """Counts the hits of each pixel of the images (B, S, S) and writes the grey tones of these counts into them."""
    hits = torch.bincount(indices.view(-1), minlength=images.numel())
    images.copy_(TONES.to(images.device)[hits.clamp_(max=SATURATION)].view(images.shape))
