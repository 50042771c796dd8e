"""Colours of fractals: a hue for the shape and a smooth ground behind it, drawn for each instance.

A pure function of (seed, category, instance), in whole numbers, so that it is the same on every device.
B images, K waves, S size.
"""

import numpy as np
import torch

from data.draws import uniform

FRONT_HUE, FRONT_SATURATION, HUE, SATURATION, VALUE, RIGHT, DOWN, START = range(20, 28)  # streams, apart from data.ifs
WAVES = 3
TURN = 256  # parts of a full turn
CYCLES = 1.25  # of a wave over the image, at most
# A wave's level, 0 .. 85, at each part of a turn: those of three waves add up to 255 at most.
LEVELS = torch.from_numpy(np.rint(42.5 * (1 + np.cos(2 * np.pi * np.arange(TURN) / TURN))).astype(np.int32))


def coloured(tones: torch.Tensor, *keys) -> torch.Tensor:
    """Grey uint8 (B, S, S) -> uint8 (B, 3, S, S): from the ground, where the tone is 0, to the shape's colour at 255."""
    device = tones.device
    front, first, second = (torch.from_numpy(colour).to(device)[..., None, None] for colour in colours(*keys))
    level = waves(tones.shape[-1], device, *keys)[:, None]
    ground = (second - first).mul(level).bitwise_right_shift_(8).add_(first)
    cover = tones.int().add_(tones >> 7)[:, None]  # 0 .. 256
    return (front - ground).mul_(cover).bitwise_right_shift_(8).add_(ground).to(torch.uint8)


def colours(*keys) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each image that of the shape and the two between which its ground varies, int32 (B, 3).

    The shape is bright and never quite saturated, the ground is dark: blue on yellow can still be seen as grey.
    """
    front = rgb(uniform(*keys, FRONT_HUE), 0.1 + 0.55 * uniform(*keys, FRONT_SATURATION), 1.0)
    return front, *(
        rgb(uniform(*keys, HUE, k), uniform(*keys, SATURATION, k), 0.35 * uniform(*keys, VALUE, k)) for k in range(2)
    )


def rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray | float) -> np.ndarray:
    """Each in 0 .. 1 (B,) -> red, green and blue, int32 (B, 3), 0 .. 255."""
    sector = (np.array([5, 3, 1]) + 6 * hue[:, None]) % 6
    missing = np.clip(np.minimum(sector, 4 - sector), 0, 1) * saturation[:, None]
    return np.rint(255 * np.asarray(value)[..., None] * (1 - missing)).astype(np.int32)


def waves(size: int, device: torch.device, *keys) -> torch.Tensor:
    """How far the ground is from its first colour to its second, int32 (B, S, S), 0 .. 255."""
    place = np.arange(size) * 2**16 // size
    level = 0
    for wave in range(WAVES):
        right, down = (np.rint(CYCLES * TURN * (2 * uniform(*keys, way, wave) - 1)) for way in (RIGHT, DOWN))
        start = np.floor(TURN * uniform(*keys, START, wave)) * 2**16
        across, along = right[:, None] * place + start[:, None], down[:, None] * place
        across, along = (torch.from_numpy(phase.astype(np.int32)).to(device) for phase in (across, along))
        phase = (across[:, None, :] + along[:, :, None]).bitwise_right_shift_(16).bitwise_and_(TURN - 1)
        level = LEVELS.to(device).index_select(0, phase.view(-1)).view(phase.shape) + level
    return level
