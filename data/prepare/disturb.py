"""Disturbances of levels, not of places: usual for small sets, not in the paper.

They take images (B, C, S, S) of 0 .. 255 with epochs and indices (B,), and give float32 of the same shape and range; each
is a pure function of (seed, epoch, index) of its image.
"""

import numpy as np
import torch

from data.draws import uniform

BRIGHTNESS, CONTRAST, SATURATION, CUT_Y, CUT_X = range(200, 205)  # streams of draws
GREY = (0.299, 0.587, 0.114)  # of red, green, blue (ITU-R BT.601)


def colour(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, strength: float) -> torch.Tensor:
    """Brightness, contrast, saturation: the distances from black, from the image's mean grey and from each pixel's grey
    are multiplied, in this order, each by a factor of its own in 1 - strength .. 1 + strength."""
    images = images.float()
    for stream, centre in ((BRIGHTNESS, torch.zeros_like), (CONTRAST, mean_grey), (SATURATION, grey)):
        factor = 1 + strength * (2 * uniform(seed, epochs, indices, stream) - 1)
        weight = torch.from_numpy(factor).float().to(images.device)[:, None, None, None]
        images = torch.lerp(centre(images), images, weight).clamp(0, 255)
    return images


def grey(images: torch.Tensor) -> torch.Tensor:
    """(B, C, S, S) -> (B, 1, S, S)."""
    if images.shape[1] == 1:
        return images
    return torch.einsum("bchw,c->bhw", images, torch.tensor(GREY, device=images.device))[:, None]


def mean_grey(images: torch.Tensor) -> torch.Tensor:
    return grey(images).mean((2, 3), keepdim=True)


def cutout(images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, reach: int) -> torch.Tensor:
    """A square of `reach` x `reach`, its middle anywhere in the image, becomes grey (127.5, which is 0 for the model)."""
    pixel = torch.arange(images.shape[-1])
    down, across = (
        covered(pixel, uniform(seed, epochs, indices, stream) * images.shape[-1], reach) for stream in (CUT_Y, CUT_X)
    )
    square = down[:, None, :, None] & across[:, None, None, :]
    return images.float().masked_fill(square.to(images.device), 127.5)


def covered(pixel: torch.Tensor, middle: np.ndarray, reach: int) -> torch.Tensor:
    """Is a pixel (S,) one of the `reach` around the middle (B,)? bool (B, S)."""
    first = torch.from_numpy(np.floor(middle).astype(np.int64))[:, None] - reach // 2
    return (pixel >= first) & (pixel < first + reach)


DISTURBANCES = {"colour": colour, "cutout": cutout}
