"""Random parts of images of any size, each resized to S x S: a pure function of (seed, epoch, index) of its image.

Batches are those of data.transforms.resize; epochs and indices are (B,). Returns float32 (B, C, S, S), 0 .. 255.
"""

import numpy as np
import torch

from data.draws import uniform
from data.transforms.boxes import LEFT, TOP, tensorflow_crop_boxes, torchvision_crop_boxes
from data.transforms.resize import Images, Rule, crop_and_resize, full_boxes


def inception_crop(
    images: Images, size: int, rule: Rule, seed: int, epochs: np.ndarray, indices: np.ndarray, least: float = 0.05
) -> torch.Tensor:
    """A box of TensorFlow's rules, `least` .. 1 of the area, as the authors pre-train and fine-tune."""
    _, _, heights, widths = full_boxes(images).T
    return crop_and_resize(images, tensorflow_crop_boxes(heights, widths, seed, epochs, indices, least), size, rule)


def torchvision_crop(
    images: Images, size: int, rule: Rule, seed: int, epochs: np.ndarray, indices: np.ndarray, least: float = 0.08
) -> torch.Tensor:
    """A box of RandomResizedCrop's rules, which most PyTorch code uses instead; its area is a fifth larger on average."""
    _, _, heights, widths = full_boxes(images).T
    return crop_and_resize(images, torchvision_crop_boxes(heights, widths, seed, epochs, indices, least), size, rule)


def random_crop(
    images: Images, size: int, rule: Rule, seed: int, epochs: np.ndarray, indices: np.ndarray, side: int
) -> torch.Tensor:
    """BiT: resized to side x side whatever the shape, then a random S x S window. Its sizes: 128 of 160, 480 of 512."""
    squashed = crop_and_resize(images, full_boxes(images), side, rule)
    tops, lefts = (np.floor(uniform(seed, epochs, indices, stream) * (side - size + 1)) for stream in (TOP, LEFT))
    corners = zip(squashed, tops.astype(int), lefts.astype(int), strict=True)
    return torch.stack([image[:, top : top + size, left : left + size] for image, top, left in corners])


CROPS = {"inception_crop": inception_crop, "torchvision_crop": torchvision_crop, "random_crop": random_crop}
OF_PARTS = ("inception_crop", "torchvision_crop")  # take a slice of each image before anything else
