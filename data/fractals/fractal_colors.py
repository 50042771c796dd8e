"""Colours of fractals: a hue for the shape and a smooth ground behind it, drawn for each instance.

A pure function of (seed, category, instance), in whole numbers, so that it is the same on every device.
B images, K = 3 waves, S size.
"""

import numpy as np
import torch

from data.draws import uniform

STREAMS = 20 + np.arange(17)  # of draws, apart from those of data.ifs: front 2, ground 2 x 3, waves 3 x 3
TURN = 256  # parts of a full turn
CYCLES = 1.25  # of a wave over the image, at most, each way
# A wave's level at each part of a turn, 0 .. 85: those of three waves add up to 255 at most.
LEVELS = torch.from_numpy(np.rint(42.5 * (1 + np.cos(2 * np.pi * np.arange(TURN) / TURN))).astype(np.int16))
TOGETHER = 2**16  # pixels coloured at once on a CPU: they stay in the cache


def coloured(tones: torch.Tensor, *keys) -> torch.Tensor:
    """Grey uint8 (B, S, S) -> uint8 (B, 3, S, S): from the ground, where the tone is 0, to the shape's colour at 255."""
    numbers, (batch, _, size) = uniform(*keys, STREAMS[:, None]), tones.shape
    front, *ground = (torch.from_numpy(one).to(tones.device)[..., None, None] for one in colours(numbers[:8]))
    across, down = (torch.from_numpy(one).to(tones.device) for one in phases(numbers[8:], size))
    images = tones.new_empty(batch, 3, size, size)
    step = max(1, TOGETHER // size**2) if tones.device.type == "cpu" else batch
    for start in range(0, batch, step):
        part = slice(start, start + step)
        behind = blended(*(colour[part] for colour in ground), levels(across[part], down[part])[:, None], bits=8)
        cover = (tones[part].short() >> 1) + (tones[part] >> 7)  # 0 .. 128
        images[part] = blended(behind, front[part], cover[:, None], bits=7)
    return images


def blended(low: torch.Tensor, high: torch.Tensor, share: torch.Tensor, bits: int) -> torch.Tensor:
    """int16: low where the share is 0, high where it is 2^bits. No product may leave the 16 bits."""
    return (high - low).mul(share).bitwise_right_shift_(bits).add_(low)


def colours(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws (8, B) -> colours of the shape and of the two ends of its ground, int16 (B, 3).

    The shape is bright and never quite saturated, the ground is dark: in grey, too, blue stands out from yellow.
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
    """Draws (3 K, B) -> what each column and each row adds to a wave's phase, int32 (B, K, S), in turns / 2^24."""
    right, down, start = numbers.reshape(3, 3, -1).transpose(0, 2, 1)[..., None]  # (B, K, 1)
    right, down = (np.rint(CYCLES * TURN * (2 * way - 1)).astype(np.int32) for way in (right, down))
    place = np.arange(size, dtype=np.int32) * 2**16 // size
    return right * place + np.floor(2**24 * start).astype(np.int32), down * place


def levels(across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """How far the ground is from its one end to the other, int16 (B, S, S), 0 .. 255: the sum of three waves."""
    table, total = LEVELS.to(across.device), 0
    for wave in range(across.shape[1]):
        phase = across[:, wave, None, :] + down[:, wave, :, None]
        phase = phase.bitwise_right_shift_(16).bitwise_and_(TURN - 1)
        total = table.index_select(0, phase.view(-1)).view(phase.shape) + total
    return total
