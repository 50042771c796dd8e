"""Handwritten digits of UCI's optical recognition set, the 1,797 that come with scikit-learn."""

import numpy as np
import torch

from data.base import ImageData
from data.batches.splits import stratified


class Digits(ImageData):
    """8 x 8, grey, 17 levels: 1,297 train and 500 test, seeded and stratified."""

    num_classes = 10
    class_names = tuple("0123456789")
    one_source = True

    def arrays(self, split):
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise ImportError("Digits needs scikit-learn: pip install scikit-learn") from error
        pixels, labels = load_digits(return_X_y=True)  # (1797, 64) 0 .. 16, (1797,)
        train, test = stratified(labels, 500, seed=0)
        rows = train if split == "train" else test
        images = np.rint(pixels[rows].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
        return torch.from_numpy(images), torch.from_numpy(labels[rows].astype(np.int64))
