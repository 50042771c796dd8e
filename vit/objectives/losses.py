"""Losses of classifiers. The paper names none; the authors' code has softmax and sigmoid (softmax for fine-tuning).

B batch, C classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def softmax_xent(logits: Tensor, targets: Tensor) -> Tensor:
    """-sum_c y_c log softmax(z)_c, mean over the batch.

    logits: (B, C); targets: labels int64 (B,), or y (B, C), each row a distribution.
    """
    return F.cross_entropy(logits, targets)


def sigmoid_xent(logits: Tensor, targets: Tensor) -> Tensor:
    """-sum_c [y_c log sigmoid(z_c) + (1 - y_c) log sigmoid(-z_c)], summed over classes, mean over the batch.

    logits: (B, C); targets: labels int64 (B,), or y (B, C) from 0 to 1; where y is negative, the class is left out of the
        sum (a class that is not judged in this image, of multi-label sets).
    """
    logits = logits.to(
        torch.promote_types(logits.dtype, torch.float32)
    )  # 16 bits are too few to sum thousands of classes
    # a sum over classes, as in the authors' code; torch's binary cross-entropy divides by C too
    # log sigmoid(z) = z + log sigmoid(-z), so the sum is over -log sigmoid(-z_c) - y_c z_c; labels need no one-hot (B, C)
    if targets.ndim == 2:
        return -torch.where(targets >= 0, F.logsigmoid(-logits) + logits * targets, 0).sum(1).mean()
    return -(F.logsigmoid(-logits).sum(1) + logits.gather(1, targets[:, None])[:, 0]).mean()


LOSSES = {"softmax": softmax_xent, "sigmoid": sigmoid_xent}


def targets(labels: Tensor, num_classes: int, smoothing: float = 0.0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Labels int64 (B,) to y (B, C): 1 - smoothing on the label, and smoothing / C on every class."""
    return F.one_hot(labels, num_classes).to(dtype) * (1 - smoothing) + smoothing / num_classes
