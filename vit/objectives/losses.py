"""Losses of classifiers. The paper names none; the authors' code has these two (softmax for fine-tuning).

B batch, C classes.
"""

import torch
import torch.nn.functional as F


def softmax_xent(logits, targets):
    """-sum_c y_c log softmax(z)_c, mean over the batch; a scalar.

    logits: (B, C); targets: labels int64 (B,), or y (B, C), each row a distribution.
    """
    return F.cross_entropy(logits, targets)


def sigmoid_xent(logits, targets):
    """-sum_c [y_c log sigmoid(z_c) + (1 - y_c) log sigmoid(-z_c)], summed over classes, mean over the batch; a scalar.

    Arguments as above; y may be any numbers from 0 to 1. Since log sigmoid(z) = z + log sigmoid(-z), the sum is that of
    -log sigmoid(-z_c) - y_c z_c, and labels need no (B, C) of zeros and ones.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))  # thousands of classes are summed
    hit = (logits * targets).sum(1) if targets.ndim == 2 else logits.gather(1, targets[:, None])[:, 0]
    return -(F.logsigmoid(-logits).sum(1) + hit).mean()


LOSSES = {"softmax": softmax_xent, "sigmoid": sigmoid_xent}


def targets(labels, num_classes, smoothing=0.0, dtype=torch.float32):
    """Labels int64 (B,) to y (B, C): 1 - smoothing on the label, and smoothing / C on every class."""
    return F.one_hot(labels, num_classes).to(dtype) * (1 - smoothing) + smoothing / num_classes
