"""From the encoded sequence to one vector an image (Sections 3.1 and D.3).

B batch, N tokens, D width, H heads.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from vit.models.initial import xavier_


class TokenPool(nn.Module):
    """The class token, which stands first (Equation 4)."""

    def forward(self, z):
        return z[:, 0]


class MeanPool(nn.Module):
    """Global average pooling (Section D.3); there is no class token then."""

    def forward(self, z):
        return z.mean(dim=1)


class AttentionPool(nn.Module):
    """A learned probe attends to the tokens, then comes an MLP: the `map` head of big_vision, not in the paper."""

    def __init__(self, width, heads, mlp, norm_eps):
        super().__init__()
        self.heads = heads
        self.probe = nn.Parameter(torch.empty(1, 1, width).uniform_(-1, 1) * math.sqrt(6 / (1 + width)))
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out, self.norm, self.mlp = nn.Linear(width, width), nn.LayerNorm(width, eps=norm_eps), mlp
        for linear, parts in ((self.query, 1), (self.key_value, 2), (self.out, 1)):
            xavier_(linear, parts)

    def forward(self, z):
        q = self.query(self.probe).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (1, H, 1, D / H)
        k, v = self.key_value(z).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, N, D / H) each
        pooled = F.scaled_dot_product_attention(q.expand(len(z), -1, -1, -1), k, v)
        pooled = self.out(pooled.transpose(1, 2).flatten(1))  # (B, D)
        return pooled + self.mlp(self.norm(pooled))
