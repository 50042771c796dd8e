"""RandAugment as torchvision has it: two of fourteen operations, drawn for each image, of one strength; not in the paper."""

import numpy as np
import torch
from torchvision.transforms import RandAugment

from data.draws import bits

SEED = 210  # stream of draws, none of augment.py, boxes.py, color_jitter.py or random_erasing.py


def rand_augment(
    images: torch.Tensor, seed: int, epochs: np.ndarray, indices: np.ndarray, magnitude: int
) -> torch.Tensor:
    """Two operations in turn, the second on what the first has made. magnitude: 0 .. 30, torchvision's bins.

    images (B, 1 or 3, S, S) of 0 .. 255, uint8 or float, rounded to whole levels first; epochs and indices (B,). Returns
    float32 of the same shape and range. What moves out of the image leaves 0 (black).
    """
    augment = RandAugment(num_ops=2, magnitude=magnitude)
    # on the CPU: a GPU's convolutions are less exact, and small operations on one image at a time are no faster there
    levels = images.round().clamp(0, 255).to("cpu", torch.uint8)
    changed = torch.empty(images.shape)
    with torch.random.fork_rng(devices=[]):  # torchvision draws from torch's generator of the CPU, as dropout does
        for row, key in enumerate(bits(seed, epochs, indices, SEED)):
            torch.default_generator.manual_seed(int(key))
            changed[row] = augment(levels[row])
    return changed.to(images.device)
