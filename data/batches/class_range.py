"""Labels that are none of the classes of a set: the first is named, or with on_error "skip" those images are left out."""

import numpy as np
import torch

from data.pictures.pictures import Pictures


def outside(
    images: torch.Tensor | Pictures, labels: torch.Tensor, classes: int, *, most: float, where: str
) -> np.ndarray:
    """Rows of the labels (N,) that are not in 0 .. classes - 1; of sets of classes (N, C) none.

    ValueError for more than `most` of them names the first image; where: the set and split.
    """
    if labels.ndim > 1:
        return np.empty(0, int)
    wrong = ((labels < 0) | (labels >= classes)).nonzero()[:, 0].numpy()
    if len(wrong) > most:
        image = f"image {wrong[0]}" if isinstance(images, torch.Tensor) else images.name(int(wrong[0]))
        reason = f"class {labels[wrong[0]]} is not one of 0 to {classes - 1}"
        raise ValueError(f"{where}: {image}: {reason}; {len(wrong):,} of {len(labels):,} are so")
    return wrong
