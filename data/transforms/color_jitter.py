"""Color jitter: brightness, contrast and saturation; usual for CIFAR, not in the paper."""

import numpy as np
import torch

from data.draws import uniform

BRIGHTNESS, CONTRAST, SATURATION = range(200, 203)  # streams of draws, none of augment.py or boxes.py
GREY = (0.299, 0.587, 0.114)  # of red, green, blue (ITU-R BT.601)


def color_jitter(
    images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, strength: float
) -> torch.Tensor:
    """Scales the distance from black (brightness), from the image's mean grey (contrast) and from each pixel's grey
    (saturation), in this order, by factors uniform in 1 - strength .. 1 + strength.

    images (B, C, S, S) of 0 .. 255, uint8 or float; epochs and indices (B,). Returns float32 of the same shape and range.
    """
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
