"""Initial values of the authors' code, which come from flax. The paper states only the zero head (Section 3.2)."""

import math

from torch import Tensor, nn

TRUNCATED_STD = 0.87962566103423978  # std of a standard normal truncated at +-2


def lecun_normal_(weight: Tensor) -> Tensor:
    """Truncated normal of variance 1 / fan-in: flax's default for dense layers and convolutions."""
    # truncation lowers the standard deviation; flax divides that factor out, torch's trunc_normal_ does not
    std = math.sqrt(1 / weight[0].numel()) / TRUNCATED_STD
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def dense(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer with flax's defaults: the patch embedding and the hidden layer of the head."""
    linear = nn.Linear(inputs, outputs)
    lecun_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


def xavier_(linear: nn.Linear, parts: int = 1) -> None:
    """Xavier uniform weights and zero bias for a layer that packs `parts` matrices, such as queries, keys and values."""
    # flax initialises each of the packed matrices separately, so fan-out is that of one of them
    bound = math.sqrt(6 / (linear.in_features + linear.out_features // parts))
    nn.init.uniform_(linear.weight, -bound, bound)
    nn.init.zeros_(linear.bias)


def zero_head(features: int, num_classes: int) -> nn.Linear:
    """A linear classifier of zeros (Section 3.2); the authors start pre-training with it too."""
    head = nn.Linear(features, num_classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head
