"""Labels that are no class of the set: an error that names the first image, or rows to leave out with on_error "skip"."""

import numpy as np
import torch

from data.pictures.pictures import Pictures


def rows_out_of_range(
    images: torch.Tensor | Pictures, labels: torch.Tensor, classes: int, *, limit: float, name: str
) -> np.ndarray:
    """Rows of the labels (N,) outside 0 .. classes - 1; none for sets of classes and several labels (N, C).

    ValueError for more than `limit` of them. name: of the set and split, for the message.
    """
    if labels.ndim > 1:
        return np.empty(0, int)
    rows = ((labels < 0) | (labels >= classes)).nonzero()[:, 0].numpy()
    if len(rows) > limit:
        first = int(rows[0])
        image = f"image {first}" if isinstance(images, torch.Tensor) else images.name(first)
        raise ValueError(
            f"{name}: {image}: class {labels[first]} is not one of 0 to {classes - 1};"
            f" {len(rows):,} of {len(labels):,} labels are out of range"
        )
    return rows


def check_several(labels: torch.Tensor, classes: int, name: str) -> None:
    """ValueError unless the labels of a multi-label set are int8 (N, classes) of 1, 0 and -1."""
    if labels.ndim != 2 or labels.shape[1] != classes or labels.dtype != torch.int8:
        raise ValueError(
            f"{name}: labels of a multi-label set are int8 of shape (images, {classes}), found {labels.dtype} of shape"
            f" {tuple(labels.shape)}"
        )
    if len(labels) and (labels.min() < -1 or labels.max() > 1):
        raise ValueError(f"{name}: labels of a multi-label set are 1, 0 or -1, found {labels.min()} to {labels.max()}")
