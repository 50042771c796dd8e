"""Random erasing by torchvision's rules: a rectangle of an image becomes grey; not in the paper."""

import numpy as np
import torch

from data.draws import uniform
from data.transforms.boxes import first_that_fits

ERASE, SIDES, AREA, TOP, LEFT = range(220, 225)  # streams of draws, none of the other steps
LEAST, MOST = 0.02, 0.33  # of the image's area
FLATTEST, STEEPEST = 0.3, 3.3  # ratio of height to width


def random_erasing(
    images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, probability: float
) -> torch.Tensor:
    """With this probability, a rectangle becomes 127.5, which is 0 for the model: torchvision's RandomErasing after it
    has normalised.

    images (B, C, S, S) of 0 .. 255; epochs and indices (B,). Returns float32 of the same shape and range.
    """
    erased = uniform(seed, epochs, indices, ERASE) < probability
    boxes = erasing_boxes(images.shape[-1], seed, epochs, indices) * erased[:, None]  # no height, no width
    top, left, tall, wide = torch.from_numpy(boxes).to(images.device)[:, :, None].unbind(1)
    pixel = torch.arange(images.shape[-1], device=images.device)
    rows, columns = (pixel >= top) & (pixel < top + tall), (pixel >= left) & (pixel < left + wide)  # (B, S)
    return images.float().masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 127.5)


def erasing_boxes(size: int, seed: int, epochs: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """int64 (B, 4): top, left, height and width; of 10 rectangles the first that is smaller than the image, else none.

    The area is uniform in 2% .. 33% of the image's, the ratio of height to width log-uniform in 0.3 .. 3.3.
    """
    sides = np.full(len(indices), size)
    images, nothing = (sides, sides, seed, epochs, indices), (0 * sides, 0 * sides)
    tall, wide, _ = first_that_fits(
        erasing_attempt, images, LEAST, attempts=10, fallback=nothing, streams=(SIDES, AREA)
    )
    top, left = (
        np.floor(uniform(seed, epochs, indices, stream) * (size - side + 1))
        for stream, side in ((TOP, tall), (LEFT, wide))
    )
    return np.stack([top, left, tall, wide], axis=1).astype(np.int64)


def erasing_attempt(height, width, least, ratio_draw, extent_draw):
    """Heights and widths (B,) of rectangles from draws in [0, 1), and whether they fit."""
    area = (least + (MOST - least) * extent_draw) * height * width
    ratio = FLATTEST * (STEEPEST / FLATTEST) ** ratio_draw
    tall, wide = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    return tall, wide, (tall < height) & (wide < width)
