"""The rollout over a picture, as in Figures 6 and 14: its pixels times the attention, the largest of which is 1.

H, W the picture's size, (h, w) the grid of patches, S side of the model's input.
"""

import numpy as np


def map_over_picture(
    pixels: np.ndarray, attention: np.ndarray, box: tuple[float, float, float, float], patches: float
) -> np.ndarray:
    """pixels uint8 (H, W, 3) and attention (h, w) to uint8 (H, W, 3); black where the model sees nothing.

    box: (top, left, height, width) of the part that becomes the S x S input. patches: S / side of a patch, which is less
    than h where the input was padded for the last patch, and more where a remainder was dropped.
    """
    top, left, height, width = box
    down = weights(pixels.shape[0], top, height, patches, attention.shape[0])
    across = weights(pixels.shape[1], left, width, patches, attention.shape[1])
    bright = down @ (attention / attention.max()) @ across.T  # (H, W)
    return np.rint(pixels * bright[:, :, None]).astype(np.uint8)


def weights(length: int, start: float, seen: float, patches: float, count: int) -> np.ndarray:
    """(length, count): of each patch in each pixel of an axis, linear between the centers of patches, 0 outside them."""
    position = (np.arange(length) + 0.5 - start) / seen * patches  # in patches
    inside = (position >= 0) & (position <= min(patches, count))
    center = np.clip(position - 0.5, 0, count - 1)[:, None]
    return np.maximum(0, 1 - np.abs(center - np.arange(count))) * inside[:, None]
