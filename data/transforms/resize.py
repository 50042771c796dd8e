"""Resizing as in the authors' code, of images of any size and of whole batches of one size.

B images, C channels, H and W their size, h and w that of a box in them, S the new size. Pixels are 0 .. 255.
A batch is uint8 (B, C, H, W) or, if sizes differ, a list of B images uint8 (C, H, W), or of what is sliced like them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from data.native.bilinear import resize_into

Images = torch.Tensor | Sequence[torch.Tensor]
SMALL = 32  # images up to this side are resized on a CPU faster by two matrix products a batch than by a call an image


@dataclass(frozen=True)
class Rule:
    """What the paper leaves open.

    antialias: when an image shrinks, PIL and torchvision widen the filter, TensorFlow does not.
    truncate: big_vision truncates to whole levels, vit_jax keeps fractions.
    """

    antialias: bool = False
    truncate: bool = False

    @property
    def dtype(self) -> torch.dtype:
        # A whole level that rounding errors of float32 leave slightly lower would be truncated to the level below.
        return torch.float64 if self.truncate else torch.float32


RULES = {
    "vit_jax": Rule(),
    "big_vision": Rule(truncate=True),
    "antialiased": Rule(antialias=True),
    "once": Rule(antialias=True),  # besides, a set is resized to S x S, with rounding, when it is loaded
}


def crop_and_resize(images: Images, boxes: np.ndarray, size: int, rule: Rule) -> torch.Tensor:
    """Crops the boxes, integers (B, 4) of top, left, h, w, and resizes each to S x S: float32 (B, C, S, S).

    Bilinear with half-pixel centres, as torch's interpolate of the box; pixels outside the box have no weight.
    """
    if isinstance(images, torch.Tensor) and (images.device.type != "cpu" or max(images.shape[-2:]) <= SMALL):
        return by_products(images, boxes, size, rule)
    channels = images[0].shape[0]
    new = torch.empty(len(images), channels, size, size)
    area = int(boxes[:, 2:].prod(1).max())
    scratch = torch.empty(channels * area, dtype=rule.dtype)  # reused for every image, so that it stays in the cache
    pixels = torch.empty(1, channels, size, size, dtype=rule.dtype, memory_format=torch.channels_last)
    for target, image, (top, left, height, width) in zip(new, images, boxes.tolist(), strict=True):
        part = image[:, top : top + height, left : left + width]
        if not rule.antialias and resize_into(target, part, rule.truncate):
            continue
        box = scratch[: channels * height * width].view(1, height, width, channels).permute(0, 3, 1, 2)
        box.copy_(part[None])
        bilinear_into(pixels, box, rule.antialias)
        target.copy_(truncated(pixels[0]) if rule.truncate else pixels[0])
    return new


def bilinear_into(new: torch.Tensor, box: torch.Tensor, antialias: bool) -> None:
    """F.interpolate(box, bilinear) written into `new`, both (1, C, h, w) in channels-last memory."""
    # The kernel itself, as F.interpolate cannot write into a tensor; channels last is more than twice as fast.
    kernel = torch.ops.aten._upsample_bilinear2d_aa if antialias else torch.ops.aten.upsample_bilinear2d
    kernel.out(box, list(new.shape[-2:]), False, out=new)


def by_products(images: torch.Tensor, boxes: np.ndarray, size: int, rule: Rule) -> torch.Tensor:
    """`crop_and_resize` of images of one size by two batched matrix products."""
    batch, channels, height, width = images.shape
    down = bilinear_weights(boxes[:, 0], boxes[:, 2], height, size, rule.antialias).to(images.device, rule.dtype)
    across = bilinear_weights(boxes[:, 1], boxes[:, 3], width, size, rule.antialias).to(images.device, rule.dtype)
    new = images.to(rule.dtype).flatten(1, 2) @ across.mT  # (B, C H, S)
    new = new.view(batch, channels, height, size).transpose(1, 2).flatten(2)  # (B, H, C S)
    new = (down @ new).view(batch, size, channels, size).transpose(1, 2)  # (B, C, S, S)
    return truncated(new) if rule.truncate else new


def bilinear(images: torch.Tensor, size: tuple[int, int], antialias: bool) -> torch.Tensor:
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=antialias)


def bilinear_weights(first: np.ndarray, length: np.ndarray, row: int, size: int, antialias: bool) -> torch.Tensor:
    """float64 (B, S, row): the weight of each of the `row` pixels of a row in each of `size` new ones.

    The new pixels divide the old ones first .. first + length - 1. Weights are a triangle around the centre of the new
    pixel, as wide as an old pixel or, antialiased, as the wider of an old and a new one.
    """
    first, length = first[:, None, None], length[:, None, None]
    centre = (np.arange(size)[:, None] + 0.5) * (length / size) - 0.5  # (B, S, 1), in pixels of the box
    pixel = np.arange(row) - first  # (B, 1, whole)
    if not antialias:  # the pixel at the edge is repeated beyond it
        return torch.from_numpy(np.maximum(0, 1 - np.abs(pixel - np.clip(centre, 0, length - 1))))
    weights = np.maximum(0, 1 - np.abs(pixel - centre) / np.maximum(1, length / size))
    weights *= (pixel >= 0) & (pixel < length)
    return torch.from_numpy(weights / weights.sum(-1, keepdims=True))


def truncated(levels: torch.Tensor) -> torch.Tensor:
    """float64 levels -> float32, truncated to whole ones."""
    # 1e-9: a level that rounding errors leave just below a whole one counts as that one.
    return (levels + 1e-9).floor_().float()


def full_boxes(images: Images) -> np.ndarray:
    """Boxes (B, 4) of the whole images."""
    return np.array([(0, 0, *image.shape[-2:]) for image in images])


def resized(images: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """uint8 (N, C, H, W) -> uint8 (N, C, *size), antialiased and rounded."""
    if images.shape[-2:] == size:
        return images
    blocks = []  # float32 takes four times the memory of uint8, so not for all N at once
    for block in images.split(1000):
        blocks.append(bilinear(block.float(), size, antialias=True).round().clamp(0, 255).to(torch.uint8))
    return torch.cat(blocks)
