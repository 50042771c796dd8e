"""Attention rollout (Section D.8, Figures 6 and 14; Abnar & Zuidema 2020): which patches the output is computed from.

B batch, H heads, N tokens, (h, w) the grid of patches.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from vit.models.vit import ViT


def rollout(layers: Iterable[Tensor]) -> Tensor:
    """(B, N, N) from the attention weights (B, H, N, N) of each layer, the first layer first; rows sum to 1.

    Row i says how much of token i after the last layer comes from each token before the first.
    """
    joint = None
    for weights in layers:
        layer = weights.mean(dim=1)  # Section D.8: "averaged attention weights across all heads"
        # The paper does not name the residual branch; the identity stands for it in the method that it cites
        layer = layer + torch.eye(layer.shape[-1], dtype=layer.dtype, device=layer.device)
        layer = layer / layer.sum(dim=-1, keepdim=True)
        joint = layer if joint is None else layer @ joint
    if joint is None:
        raise ValueError("rollout: no layers; it multiplies the attention weights of at least one")
    return joint


def class_token_map(rollout: Tensor, grid: tuple[int, int], leading: int, *, class_token: bool) -> Tensor:
    """(B, h, w) from a rollout (B, N, N): the class token's row, without what comes from the tokens before the patches.

    leading: number of tokens before the patches, class token included. class_token: is the first of them one? If not, as
    in models that pool the mean (Section D.3), the mean over the rows of the patches, which that pool weighs alike.
    """
    rows = rollout[:, :1] if class_token else rollout[:, leading:]
    return rows.mean(dim=1)[:, leading:].unflatten(1, grid)


def over_patches(rows: Tensor, model: ViT) -> Tensor:
    """`class_token_map` of a rollout or of weights (B, N, N) of this model: (B, h, w)."""
    return class_token_map(rows, model.grid, model.leading, class_token=model.class_token is not None)


@torch.no_grad()
def attention_map(model: ViT, images: Tensor) -> Tensor:
    """`class_token_map` (B, h, w) of a model for images (B, 3, H, W)."""
    return over_patches(rollout(model.attention_weights(images)), model)
