"""Random crop boxes for a whole batch: TensorFlow's rules, which the authors' code uses, and torchvision's.

Heights, widths, epochs and indices are integers (B,). Boxes are int64 (B, 4): top, left, height, width. A box is a
pure function of the image's size and (seed, epoch, index).
"""

from collections.abc import Callable

import numpy as np

from data.draws import uniform

RATIO, EXTENT, TOP, LEFT = range(100, 104)  # streams of draws, none of augment.py or color_jitter.py


def tensorflow_crop_boxes(
    heights: np.ndarray, widths: np.ndarray, seed: int, epochs: np.ndarray, indices: np.ndarray, least: float = 0.05
) -> np.ndarray:
    """TensorFlow's sample_distorted_bounding_box without objects ("Inception crop"): area `least` .. 1 of the image.

    The ratio of width to height is uniform in [0.75, 1.33), and so is the height: not the area. After 100 attempts the
    box is the whole image.
    """
    images = heights, widths, seed, epochs, indices
    tall, wide, _ = first_that_fits(tensorflow_attempt, images, least, attempts=100, fallback=(heights, widths))
    # As in TensorFlow, the last possible offset, heights - tall, is never drawn (torchvision's + 1 below).
    top = np.floor(uniform(seed, epochs, indices, TOP) * (heights - tall))
    left = np.floor(uniform(seed, epochs, indices, LEFT) * (widths - wide))
    return np.stack([top, left, tall, wide], axis=1).astype(np.int64)


def torchvision_crop_boxes(
    heights: np.ndarray, widths: np.ndarray, seed: int, epochs: np.ndarray, indices: np.ndarray, least: float = 0.08
) -> np.ndarray:
    """torchvision's RandomResizedCrop: area uniform in `least` .. 1, ratio log-uniform in 3/4 .. 4/3.

    After 10 attempts the box is the largest central one of a permitted ratio.
    """
    images = heights, widths, seed, epochs, indices
    largest = np.minimum(heights, np.rint(widths / (3 / 4))), np.minimum(widths, np.rint(heights * (4 / 3)))
    tall, wide, fitted = first_that_fits(torchvision_attempt, images, least, attempts=10, fallback=largest)
    down, right = heights - tall, widths - wide  # largest offsets
    top = np.where(fitted, np.floor(uniform(seed, epochs, indices, TOP) * (down + 1)), down // 2)
    left = np.where(fitted, np.floor(uniform(seed, epochs, indices, LEFT) * (right + 1)), right // 2)
    return np.stack([top, left, tall, wide], axis=1).astype(np.int64)


def first_that_fits(
    attempt: Callable,
    images: tuple,
    least: float,
    *,
    attempts: int,
    fallback: tuple[np.ndarray, np.ndarray],
    streams: tuple[int, int] = (RATIO, EXTENT),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height and width (B,) of each image's first attempt that fits, else of the fallback; bool (B,): did one fit?

    streams: of the draws of the ratio and the extent.
    """
    heights, widths, seed, epochs, indices = images
    tall, wide = (np.array(side, float) for side in fallback)
    remaining = np.arange(len(tall))  # images without a box so far
    for number in range(attempts):
        ratio, extent = (uniform(seed, epochs[remaining], indices[remaining], stream, number) for stream in streams)
        new_tall, new_wide, fits = attempt(heights[remaining], widths[remaining], least, ratio, extent)
        tall[remaining[fits]], wide[remaining[fits]] = new_tall[fits], new_wide[fits]
        remaining = remaining[~fits]
        if not len(remaining):
            break
    fitted = np.ones(len(tall), bool)
    fitted[remaining] = False
    return tall, wide, fitted


def tensorflow_attempt(height, width, least, ratio_draw, extent_draw):
    """Heights and widths (B,) of boxes from draws in [0, 1), and whether they fit."""
    ratio = 0.75 + (1.33 - 0.75) * ratio_draw
    low, high = least * height * width, height * width
    tallest = np.floor((width + 0.5) / ratio)
    tallest -= np.rint(tallest * ratio) > width  # the tallest whose width is inside
    tallest = np.minimum(np.minimum(tallest, height), np.rint(np.sqrt(high / ratio)))
    shortest = np.minimum(np.rint(np.sqrt(low / ratio)), tallest)
    tall = shortest + np.floor(extent_draw * (tallest - shortest + 1))
    tall += tall * np.rint(tall * ratio) < low  # rounding may have left the range of areas
    tall -= tall * np.rint(tall * ratio) > high
    wide = np.rint(tall * ratio)
    fits = (low <= tall * wide) & (tall * wide <= high)
    return tall, wide, fits & (tall > 0) & (tall <= height) & (wide > 0) & (wide <= width)


def torchvision_attempt(height, width, least, ratio_draw, extent_draw):
    """The same by torchvision's rules."""
    area = (least + (1 - least) * extent_draw) * height * width
    ratio = (3 / 4) * (16 / 9) ** ratio_draw
    tall, wide = np.rint(np.sqrt(area / ratio)), np.rint(np.sqrt(area * ratio))
    return tall, wide, (tall > 0) & (tall <= height) & (wide > 0) & (wide <= width)
