"""Resizing as the authors' code does it, of single pictures of any size and of whole batches of one size.

B images, C channels, H and W their size, h and w that of a box in them, S the size they get. Pixels are 0 .. 255.
A batch is uint8 (B, C, H, W), or where sizes differ a list of B images uint8 (C, H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

Images = torch.Tensor | Sequence[torch.Tensor]
SMALL = 32  # up to this side of the images, two products for the whole batch are faster than a call for each


@dataclass(frozen=True)
class Rule:
    """What the paper leaves open. antialias: where an image shrinks, PIL and torchvision widen the filter and
    TensorFlow does not. truncate: big_vision goes back to whole levels by truncation, vit_jax keeps fractions."""

    antialias: bool = False
    truncate: bool = False


RULES = {
    "vit_jax": Rule(),
    "big_vision": Rule(truncate=True),
    "antialiased": Rule(antialias=True),
    "once": Rule(antialias=True),  # and before any crop, to S x S with rounding, when a set is loaded
}


def crop_and_resize(images: Images, boxes: np.ndarray, size: int, rule: Rule) -> torch.Tensor:
    """The boxes, integers (B, 4) of top, left, h, w, in their images, each resized to S x S: float32 (B, C, S, S).

    Bilinear with half-pixel centres, as torch's interpolate of the box; it knows nothing of the pixels around.
    """
    kind = torch.float64 if rule.truncate else torch.float32
    if isinstance(images, torch.Tensor) and max(images.shape[-2:]) <= SMALL:
        down = bilinear_weights(boxes[:, 0], boxes[:, 2], images.shape[-2], size, rule.antialias)
        across = bilinear_weights(boxes[:, 1], boxes[:, 3], images.shape[-1], size, rule.antialias)
        new = down.to(kind)[:, None] @ images.to(kind) @ across.to(kind).mT[:, None]
    else:
        new = torch.empty(len(images), images[0].shape[0], size, size, dtype=kind)
        for place, image, (top, left, height, width) in zip(new, images, boxes.tolist(), strict=True):
            box = image[None, :, top : top + height, left : left + width]
            box = box.to(kind, memory_format=torch.channels_last)  # twice as fast that way
            place.copy_(bilinear(box, (size, size), rule.antialias)[0])
    return truncated(new) if rule.truncate else new


def bilinear(images: torch.Tensor, size: tuple[int, int], antialias: bool) -> torch.Tensor:
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=antialias)


def bilinear_weights(first: np.ndarray, length: np.ndarray, whole: int, size: int, antialias: bool) -> torch.Tensor:
    """How much each of the `whole` pixels of a row gives to each of `size` new ones: float64 (B, S, whole).

    The new pixels share out the old ones first .. first + length - 1, whose weights are a triangle around the new
    one's centre; it reaches as far as an old pixel is wide or, antialiased, the wider of an old and a new one.
    """
    first, length = first[:, None, None], length[:, None, None]
    centre = (np.arange(size)[:, None] + 0.5) * (length / size) - 0.5  # (B, S, 1), in pixels of the box
    pixel = np.arange(whole) - first  # (B, 1, whole)
    if not antialias:  # the pixel at the edge stands for all beyond it
        return torch.from_numpy(np.maximum(0, 1 - np.abs(pixel - np.clip(centre, 0, length - 1))))
    weights = np.maximum(0, 1 - np.abs(pixel - centre) / np.maximum(1, length / size))
    weights *= (pixel >= 0) & (pixel < length)
    return torch.from_numpy(weights / weights.sum(-1, keepdims=True))


def truncated(levels: torch.Tensor) -> torch.Tensor:
    """float64 -> whole float32; what only rounding keeps below a whole level has reached it."""
    return (levels + 1e-9).floor().float()


def whole(images: Images) -> np.ndarray:
    """The boxes (B, 4) that hold all of each image."""
    return np.array([(0, 0, *image.shape[-2:]) for image in images])


def resized(images: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """uint8 (N, C, H, W) -> uint8 (N, C, *size), antialiased and rounded; in blocks, to need little memory."""
    if images.shape[-2:] == size:
        return images
    blocks = []
    for block in images.split(1000):
        blocks.append(bilinear(block.float(), size, antialias=True).round().clamp(0, 255).to(torch.uint8))
    return torch.cat(blocks)
