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

    logits: (B, C); targets: labels int64 (B,), or y (B, C) from 0 to 1.
    """
    logits = logits.to(
        torch.promote_types(logits.dtype, torch.float32)
    )  # 16 bits are too few to sum thousands of classes
    # log sigmoid(z) = z + log sigmoid(-z), so the sum is over -log sigmoid(-z_c) - y_c z_c; labels need no one-hot (B, C)
    products = (logits * targets).sum(1) if targets.ndim == 2 else logits.gather(1, targets[:, None])[:, 0]
    # a sum over classes, as in the authors' code; torch's binary cross-entropy divides by C too
    return -(F.logsigmoid(-logits).sum(1) + products).mean()


LOSSES = {"softmax": softmax_xent, "sigmoid": sigmoid_xent}


def targets(labels: Tensor, num_classes: int, smoothing: float = 0.0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Labels int64 (B,) to y (B, C): 1 - smoothing on the label, and smoothing / C on every class."""
    return F.one_hot(labels, num_classes).to(dtype) * (1 - smoothing) + smoothing / num_classes
