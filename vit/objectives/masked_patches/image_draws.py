"""Random numbers per image for the corruption, independent of devices, micro-batches and restarts."""

import zlib

import numpy as np
import torch
from torch import Tensor

from vit.objectives.masked_patches.targets import levels


def training_draws(*, seed: int, step: int, first: int, images: int, numbers: int) -> Tensor:
    """Uniform float64 (images, numbers) in [0, 1): a function of seed, update (0, 1, ...) and index in the global batch.

    first: index of the first of these images in the global batch.
    """
    # a number takes one step of PCG64, so `advance` skips those of the images before without drawing them
    stream = np.random.PCG64(np.random.SeedSequence((seed, step))).advance(first * numbers)
    return torch.from_numpy(np.random.Generator(stream).random((images, numbers)))


def image_draws(images: Tensor, numbers: int) -> Tensor:
    """Uniform float64 (B, numbers) for evaluation: a function of the pixels of images (B, 3, H, W) in [-1, 1]."""
    # seeded by the pixels, an image is corrupted alike in every evaluation, run and batch; levels are exact in any dtype
    pixels = levels(images).to(torch.uint8).cpu().numpy()
    rows = [np.random.Generator(np.random.PCG64(zlib.crc32(image.tobytes()))).random(numbers) for image in pixels]
    return torch.from_numpy(np.stack(rows))
