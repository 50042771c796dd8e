"""Colors of fractals: a hue of the shape and a smooth background, drawn for each instance.

A pure function of (seed, category, instance) in integer arithmetic, so that it is the same on every device.
B images, K = 3 waves, S size.
"""

import numpy as np
import torch

from data.draws import uniform

STREAMS = 20 + np.arange(17)  # of draws, apart from those of data.fractals.ifs: front 2, background 2 x 3, waves 3 x 3
TURN = 256  # steps of a full turn
CYCLES = 1.25  # of a wave across the image, at most, along each axis
# A wave's level at each step of a turn, 0 .. 85: those of three waves add up to 255 at most.
LEVELS = torch.from_numpy(np.rint(42.5 * (1 + np.cos(2 * np.pi * np.arange(TURN) / TURN))).astype(np.int16))
CACHED = 2**16  # pixels per block on a CPU, to stay in its cache


def colorize(tones: torch.Tensor, *keys) -> torch.Tensor:
    """Grey uint8 (B, S, S) -> uint8 (B, 3, S, S): background where the tone is 0, to the shape's color at 255."""
    numbers, (batch, _, size) = uniform(*keys, STREAMS[:, None]), tones.shape
    front, *ground = (torch.from_numpy(color).to(tones.device)[..., None, None] for color in colors(numbers[:8]))
    across, down = (torch.from_numpy(phase).to(tones.device) for phase in phases(numbers[8:], size))
    images = tones.new_empty(batch, 3, size, size)
    step = max(1, CACHED // size**2) if tones.device.type == "cpu" else batch
    for start in range(0, batch, step):
        block = slice(start, start + step)
        behind = blended(*(color[block] for color in ground), levels(across[block], down[block])[:, None], bits=8)
        cover = (tones[block].short() >> 1) + (tones[block] >> 7)  # 0 .. 128
        images[block] = blended(behind, front[block], cover[:, None], bits=7)
    return images


def blended(low: torch.Tensor, high: torch.Tensor, share: torch.Tensor, bits: int) -> torch.Tensor:
    """int16: low where the share is 0, high where it is 2^bits. Products must fit into 16 bits."""
    return (high - low).mul(share).bitwise_right_shift_(bits).add_(low)


def colors(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws (8, B) -> colors of the shape and of the two ends of its background, int16 (B, 3).

    The shape is bright and never fully saturated, the background dark, so that even blue differs from yellow in grey.
    """
    (hue, saturation), grounds = numbers[:2], numbers[2:].reshape(2, 3, -1)
    dark = [rgb(hue, saturation, 0.35 * value) for hue, saturation, value in grounds]
    return rgb(hue, 0.1 + 0.55 * saturation, np.ones_like(hue)), *dark


def rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Each (B,), in 0 .. 1 -> red, green and blue, int16 (B, 3), 0 .. 255."""
    sector = (np.array([5, 3, 1]) + 6 * hue[:, None]) % 6
    missing = np.clip(np.minimum(sector, 4 - sector), 0, 1) * saturation[:, None]
    return np.rint(255 * value[:, None] * (1 - missing)).astype(np.int16)


def phases(numbers: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws (3 K, B) -> contributions of columns and rows to a wave's phase, int32 (B, K, S), in turns / 2^24."""
    right, down, start = numbers.reshape(3, 3, -1).transpose(0, 2, 1)[..., None]  # (B, K, 1)
    right, down = (np.rint(CYCLES * TURN * (2 * way - 1)).astype(np.int32) for way in (right, down))
    position = np.arange(size, dtype=np.int32) * 2**16 // size
    return right * position + np.floor(2**24 * start).astype(np.int32), down * position


def levels(across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """Share of the background's second color, int16 (B, S, S), 0 .. 255: the sum of three waves."""
    table, total = LEVELS.to(across.device), 0
    for wave in range(across.shape[1]):
        phase = across[:, wave, None, :] + down[:, wave, :, None]
        phase = phase.bitwise_right_shift_(16).bitwise_and_(TURN - 1)
        total = table.index_select(0, phase.view(-1)).view(phase.shape) + total
    return total
