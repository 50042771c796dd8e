"""The starting values that the authors' code gets from flax. The paper states only the zero head (Section 3.2)."""

import math

from torch import nn

TRUNCATED_STD = 0.87962566103423978  # of a standard normal cut at +-2, which flax divides out


def lecun_normal_(weight):
    """flax's default for dense layers and convolutions: a cut normal of variance 1 / fan-in."""
    std = math.sqrt(1 / weight[0].numel()) / TRUNCATED_STD
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def dense(inputs, outputs):
    """A linear layer as flax starts it: patch embedding and hidden layer of the head."""
    linear = nn.Linear(inputs, outputs)
    lecun_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


def xavier_(linear, parts=1):
    """Xavier uniform with zero bias; `parts` matrices packed in one layer get the bound that each has by itself."""
    bound = math.sqrt(6 / (linear.in_features + linear.out_features // parts))
    nn.init.uniform_(linear.weight, -bound, bound)
    nn.init.zeros_(linear.bias)


def zero_head(features, num_classes):
    """The linear classifier of the authors, pre-training and fine-tuning alike: it starts at zero (Section 3.2)."""
    head = nn.Linear(features, num_classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head
