"""The Transformer encoder's block (Section 3.1, Appendix A): multi-head self-attention, an MLP, and their residuals.

B batch, N tokens, D width, H heads.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.choices import choose
from vit.models.dropout import Dropout
from vit.models.gelu import DenseGeluDense, is_supported
from vit.models.initializers import xavier_
from vit.models.position import Relative
from vit.models.short_attention import attend
from vit.models.stochastic_depth import DropPath

GELU = {"tanh": "tanh", "erf": "none"}  # torch's names; flax's default is the tanh form, timm and Hugging Face use erf


class Attention(nn.Module):
    """Multi-head self-attention (Equations 5 to 8), with an optional bias from relative positions.

    qk_norm: LayerNorm of each head's queries and keys (ViT-22B, Dehghani et al. 2023).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        relative: Relative | None = None,
        *,
        qk_norm: bool = False,
        norm_eps: float = 1e-6,
    ):
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide the width {width}")
        self.heads, self.relative = heads, relative
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        norms = (nn.LayerNorm(width // heads, eps=norm_eps) if qk_norm else None for _ in range(2))
        self.query_norm, self.key_norm = norms  # their scales and shifts serve all heads, as in flax and timm
        xavier_(self.qkv, parts=3)
        xavier_(self.out)

    def project(self, z: Tensor, first: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Equation 5: queries (of the `first` tokens alone), keys and values, each (B, H, N, D / H)."""
        if first is None:
            return self.by_head(*self.qkv(z).chunk(3, dim=-1))
        width = z.shape[-1]
        weights, biases = (parameter.split([width, 2 * width]) for parameter in (self.qkv.weight, self.qkv.bias))
        queries, keys_and_values = (F.linear(*part) for part in zip((z[:, :first], z), weights, biases, strict=True))
        return self.by_head(queries, *keys_and_values.chunk(2, dim=-1))

    def by_head(self, *parts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, N, D) to (B, H, N, D / H)."""
        # head-major: the first D / H features are head 0, as in the authors' weights
        q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in parts)  # (B, N, H, D / H)
        if self.query_norm is not None:  # under autocast a norm may give float32, and the fused product takes one dtype
            q, k = self.query_norm(q).to(v.dtype), self.key_norm(k).to(v.dtype)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def bias(self, q: Tensor) -> Tensor | None:
        # scaled like q k' of Equation 6, to which it is added
        return None if self.relative is None else self.relative(q) * q.shape[-1] ** -0.5

    def forward(self, z: Tensor, first: int | None = None) -> Tensor:
        """(B, N, D), or with `first` the first rows of it; see Block.forward."""
        if first is not None or self.relative is not None or self.query_norm is not None:
            return self.out(self.context(*self.project(z, first)))
        qkv = self.qkv(z)
        context = attend(qkv, self.heads)
        return self.out(
            self.context(*self.by_head(*qkv.chunk(3, dim=-1))) if context is None else context
        )  # Equation 8

    def context(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Equations 6 and 7, with the heads concatenated: (B, N, D)."""
        return F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias(q)).transpose(1, 2).flatten(2)

    def weights(self, z: Tensor) -> Tensor:
        """Equation 6: softmax(q k' / sqrt(D / H)), which the fused product of `forward` never stores; (B, H, N, N)."""
        q, k, _ = self.project(z)
        scores = q @ k.mT * q.shape[-1] ** -0.5
        return (scores if self.relative is None else scores + self.bias(q)).softmax(dim=-1)


class MLP(nn.Module):
    """Two dense layers with a GELU between them (Section 3.1); dropout after each (Section B.1)."""

    def __init__(self, *, width: int, hidden: int, gelu: str, dropout: float = 0.0):
        super().__init__()
        self.dense1, self.dense2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.gelu = nn.GELU(approximate=choose(GELU, gelu, "gelu"))
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)  # two, for draws of their own
        for linear in (self.dense1, self.dense2):
            xavier_(linear)
            nn.init.normal_(linear.bias, std=1e-6)  # as in the authors' code; every other bias starts at 0

    def forward(self, z: Tensor) -> Tensor:
        weights = self.dense1.weight, self.dense1.bias, self.dense2.weight, self.dense2.bias
        if not (self.training and self.dropout1.p) and is_supported(z, *weights):
            return DenseGeluDense.apply(z, *weights, self.gelu.approximate)  # the same values, faster
        return self.dropout2(self.dense2(self.dropout1(self.gelu(self.dense1(z)))))


class Block(nn.Module):
    """A pre-norm encoder block (Equations 2 and 3).

    layer_scale: initial value of a learned factor per feature of each residual branch (CaiT, Touvron et al. 2021).
    drop_path: share of the images for which training leaves a residual branch out (stochastic depth).
    """

    def __init__(
        self,
        *,
        width: int,
        heads: int,
        mlp: int,
        gelu: str,
        dropout: float,
        norm_eps: float,
        relative: Relative | None = None,
        qk_norm: bool = False,
        layer_scale: float | None = None,
        drop_path: float = 0.0,
    ):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=norm_eps), nn.LayerNorm(width, eps=norm_eps)
        self.attention = Attention(width, heads, relative, qk_norm=qk_norm, norm_eps=norm_eps)
        self.dropout = Dropout(dropout)
        self.mlp = MLP(width=width, hidden=mlp, gelu=gelu, dropout=dropout)
        self.scale1 = self.scale2 = None
        if layer_scale is not None:
            self.scale1, self.scale2 = (nn.Parameter(torch.full((width,), float(layer_scale))) for _ in range(2))
        self.drop_path = DropPath(drop_path) if drop_path else None

    @property
    def can_be_partial(self) -> bool:
        """Whether forward takes `first`: not with relative positions, nor in a class of one's own with another forward."""
        same = type(self).forward is Block.forward and type(self.attention).forward is Attention.forward
        return same and self.attention.relative is None

    def forward(self, z: Tensor, lines: int = 1, first: int | None = None) -> Tensor:
        """(B * lines, N, D); lines: see DropPath.

        first: only so many rows of the result are wanted. Of the other tokens their keys and values are enough.
        """
        # dropout after the output projection, none on attention weights: Section B.1 excepts the qkv projections
        attended = self.attention(self.norm1(z), first)
        z = z[:, :first] + self.branch(self.dropout(attended), self.scale1, lines)  # Equation 2
        return z + self.branch(self.mlp(self.norm2(z)), self.scale2, lines)  # Equation 3; the MLP has dropout inside

    def branch(self, z: Tensor, scale: Tensor | None, lines: int) -> Tensor:
        """What a residual branch adds: with its scale, if there is one, and for the images that are not dropped."""
        z = z if scale is None else z * scale
        return z if self.drop_path is None else self.drop_path(z, lines)

    def weights(self, z: Tensor) -> Iterator[Tensor]:
        """The attention weights (B, H, N, N) for the block's input."""
        yield self.attention.weights(self.norm1(z))

    def resize(self, grid: tuple[int, int], mode: str) -> None:
        if self.attention.relative is not None:
            self.attention.relative.resize(grid, mode)
