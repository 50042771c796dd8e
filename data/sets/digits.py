"""Handwritten digits of UCI's optical recognition set, the 1,797 that come with scikit-learn."""

import numpy as np
import torch

from data.base import ImageData
from data.batches.splits import stratified
from data.sets.package_table import package_table


def pixels_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 64) of 0 .. 16 and (1797,)."""
    return package_table(
        "sklearn", "datasets/data/digits.csv.gz", "Digits needs scikit-learn: pip install scikit-learn"
    )


class Digits(ImageData):
    """8 x 8, grey, 17 levels: 1,297 train and 500 test, seeded and stratified."""

    num_classes = 10
    class_names = tuple("0123456789")
    one_source = True

    def arrays(self, split):
        pixels, labels = pixels_and_labels()
        train, test = stratified(labels, 500, seed=0)
        rows = train if split == "train" else test
        images = np.rint(pixels[rows].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
        return torch.from_numpy(images), torch.from_numpy(labels[rows].astype(np.int64))
