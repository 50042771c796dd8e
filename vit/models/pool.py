"""Pooling: from the encoded sequence to one vector per image (Sections 3.1 and D.3).

B batch, N tokens, D width, H heads.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.initializers import xavier_


class TokenPool(nn.Module):
    """The class token (z_L^0 of Equation 4), which is the first of the sequence."""

    def forward(self, z: Tensor) -> Tensor:
        return z[:, 0]


class MeanPool(nn.Module):
    """Global average pooling (Section D.3), for a sequence without class token."""

    def forward(self, z: Tensor) -> Tensor:
        return z.mean(dim=1)  # after the last LayerNorm, as in big_vision, or before it (pool_norm), as in MAE


class AttentionPool(nn.Module):
    """A learned probe attends to the tokens, followed by an MLP: big_vision's `map` head, not in the paper."""

    def __init__(self, width: int, heads: int, mlp: nn.Module, norm_eps: float):
        super().__init__()
        self.heads = heads
        # Xavier uniform, as flax counts the fans of a (1, 1, D) parameter: 1 in, D out
        self.probe = nn.Parameter(torch.empty(1, 1, width).uniform_(-1, 1) * math.sqrt(6 / (1 + width)))
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out, self.norm, self.mlp = nn.Linear(width, width), nn.LayerNorm(width, eps=norm_eps), mlp
        for linear, parts in ((self.query, 1), (self.key_value, 2), (self.out, 1)):
            xavier_(linear, parts)

    def forward(self, z: Tensor) -> Tensor:
        q = self.query(self.probe).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (1, H, 1, D / H)
        k, v = self.key_value(z).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, N, D / H) each
        pooled = F.scaled_dot_product_attention(q.expand(len(z), -1, -1, -1), k, v)
        pooled = self.out(pooled.transpose(1, 2).flatten(1))  # (B, D)
        return pooled + self.mlp(self.norm(pooled))
