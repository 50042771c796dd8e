"""Random numbers of the corruption: of each image its own, whatever devices, micro-batches and restarts there are."""

import zlib

import numpy as np
import torch

from vit.objectives.masked_patches.targets import levels


def training_draws(*, seed, step, first, images, numbers):
    """Uniform float64 (images, numbers) in [0, 1): a function of seed, update (0, 1, ...) and place in the global batch.

    first: place of the first of these images in that batch. Each number takes one step of PCG64, so those of the images
    before it are skipped and not drawn.
    """
    stream = np.random.PCG64(np.random.SeedSequence((seed, step))).advance(first * numbers)
    return torch.from_numpy(np.random.Generator(stream).random((images, numbers)))


def image_draws(images, numbers):
    """The same for evaluation, of images (B, 3, H, W) in [-1, 1]: a function of their pixels alone.

    An image is corrupted alike at every evaluation, of every run, and in whatever batch it comes.
    """
    pixels = levels(images).to(torch.uint8).cpu().numpy()
    rows = [np.random.Generator(np.random.PCG64(zlib.crc32(image.tobytes()))).random(numbers) for image in pixels]
    return torch.from_numpy(np.stack(rows))
