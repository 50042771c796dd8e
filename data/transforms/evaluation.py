"""Deterministic resizing: for evaluation, and for training without a random crop.

B images, C channels, S image size. Each takes a batch of data.transforms.resize and returns float32 (B, C, S, S).
"""

import numpy as np
import torch

from data.transforms.resize import RULES, Images, Rule, crop_and_resize, full_boxes, truncated


def resize(images: Images, size: int, rule: Rule) -> torch.Tensor:
    """To S x S whatever the shape, by the rule of training: vit_jax, and BiT with S as its crop size."""
    if isinstance(images, torch.Tensor) and images.shape[-2:] == (size, size):
        return images.float()
    return crop_and_resize(images, full_boxes(images), size, rule)


def central_crop(images: Images, size: int, rule: Rule, side: int) -> torch.Tensor:
    """big_vision: the shorter side resized to `side` by area averages, truncated; then the central S x S.

    The paper's sizes: 224 of 256, 384 of 448.
    """
    if isinstance(images, torch.Tensor):
        return central_area_average(images, size, side)
    return torch.cat([central_area_average(image[None], size, side) for image in images])


def central_area_average(images: torch.Tensor, size: int, side: int) -> torch.Tensor:
    """`central_crop` of images (B, C, H, W) of one size."""
    height, width = images.shape[-2:]
    shrink = side / min(height, width)
    down = area_weights(height, side if height <= width else round(height * shrink), size)
    across = area_weights(width, side if width <= height else round(width * shrink), size)
    return truncated(down.to(images.device) @ images.double() @ across.T.to(images.device))


def area_weights(old: int, new: int, size: int) -> torch.Tensor:
    """float64 (S, old): the weight of each of `old` pixels in the central S of `new` area averages."""
    first = (new - size) // 2
    edges = np.arange(first, first + size + 1) * (old / new)
    start, end = edges[:-1, None], edges[1:, None]
    pixel = np.arange(old)
    covered = np.maximum(0, np.minimum(end, pixel + 1) - np.maximum(start, pixel))
    return torch.from_numpy(covered / (old / new))


def squashed_crop(images: Images, size: int, rule: Rule, side: int) -> torch.Tensor:
    """big_vision's few-shot evaluation: to side x side whatever the shape, bilinear, not antialiased, truncated; then
    the central S x S. Its sizes: 224 of 256.
    """
    first = (side - size) // 2
    squashed = crop_and_resize(images, full_boxes(images), side, RULES["big_vision"])
    return squashed[..., first : first + size, first : first + size]


EVALUATIONS = {"resize": resize, "central_crop": central_crop, "squashed_crop": squashed_crop}
