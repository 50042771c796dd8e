"""The Vision Transformer (Section 3.1, Appendix A).

B batch, N tokens, D width, H heads, C classes.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vit.models.choices import choose
from vit.models.gelu import DenseGeluDense, is_supported
from vit.models.grid import ImageSize, grid_of
from vit.models.initializers import dense, xavier_, zero_head
from vit.models.model import Model
from vit.models.pool import AttentionPool, MeanPool, TokenPool
from vit.models.position import Positions, Relative
from vit.models.stochastic_depth import DropPath, rates

SIZES = {  # Table 1; Ti and S are not in the paper
    "Ti": dict(depth=12, width=192, mlp=768, heads=3),
    "S": dict(depth=12, width=384, mlp=1536, heads=6),
    "B": dict(depth=12, width=768, mlp=3072, heads=12),
    "L": dict(depth=24, width=1024, mlp=4096, heads=16),
    "H": dict(depth=32, width=1280, mlp=5120, heads=16),
}
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

    def project(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Equation 5: queries, keys and values, each (B, H, N, D / H)."""
        # head-major: the first D / H features are head 0, as in the authors' weights
        q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in self.qkv(z).chunk(3, dim=-1))  # (B, N, H, D / H)
        if self.query_norm is not None:  # under autocast a norm may give float32, and the fused product takes one dtype
            q, k = self.query_norm(q).to(v.dtype), self.key_norm(k).to(v.dtype)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def bias(self, q: Tensor) -> Tensor | None:
        # scaled like q k' of Equation 6, to which it is added
        return None if self.relative is None else self.relative(q) * q.shape[-1] ** -0.5

    def forward(self, z: Tensor) -> Tensor:
        q, k, v = self.project(z)
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias(q))  # Equations 6 and 7, (B, H, N, D / H)
        return self.out(z.transpose(1, 2).flatten(2))  # Equation 8: heads concatenated, times U_msa; (B, N, D)

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
        self.gelu, self.dropout = nn.GELU(approximate=choose(GELU, gelu, "gelu")), nn.Dropout(dropout)
        for linear in (self.dense1, self.dense2):
            xavier_(linear)
            nn.init.normal_(linear.bias, std=1e-6)  # as in the authors' code; every other bias starts at 0

    def forward(self, z: Tensor) -> Tensor:
        weights = self.dense1.weight, self.dense1.bias, self.dense2.weight, self.dense2.bias
        if not (self.training and self.dropout.p) and is_supported(z, *weights):
            return DenseGeluDense.apply(z, *weights, self.gelu.approximate)  # the same values, faster
        return self.dropout(self.dense2(self.dropout(self.gelu(self.dense1(z)))))


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
        self.dropout = nn.Dropout(dropout)
        self.mlp = MLP(width=width, hidden=mlp, gelu=gelu, dropout=dropout)
        self.scale1 = self.scale2 = None
        if layer_scale is not None:
            self.scale1, self.scale2 = (nn.Parameter(torch.full((width,), float(layer_scale))) for _ in range(2))
        self.drop_path = DropPath(drop_path) if drop_path else None

    def forward(self, z: Tensor, lines: int = 1) -> Tensor:
        """(B * lines, N, D); lines: see DropPath."""
        # dropout after the output projection, none on attention weights: Section B.1 excepts the qkv projections
        z = z + self.branch(self.dropout(self.attention(self.norm1(z))), self.scale1, lines)  # Equation 2
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


class ViT(Model):
    """Patch embeddings, positions, L encoder blocks, pooling and a head (Equations 1 to 4).

    Options that the paper does not have: registers, learned tokens after the class token that have no position and are
    not pooled (Darcet et al. 2024); drop_path, the share of the last block (stochastic_depth.py); layer_scale and qk_norm
    (Block, Attention); pool_norm 'after', the last norm behind the mean over the patches, as MAE and BEiT fine-tune.
    """

    def __init__(
        self,
        channels: int = 3,
        *,
        image_size: ImageSize,
        num_classes: int,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        mlp: int,
        position: str = "1d",
        position_at: str = "stem",
        pool: str = "token",
        pool_norm: str = "before",
        head_hidden: int | str | None = None,
        dropout: float = 0.0,
        gelu: str = "tanh",
        norm_eps: float = 1e-6,  # flax's default; torch's is 1e-5
        registers: int = 0,
        drop_path: float = 0.0,
        layer_scale: float | None = None,
        qk_norm: bool = False,
    ):
        super().__init__()
        pools = {
            "token": TokenPool,
            "gap": MeanPool,
            "map": lambda: AttentionPool(width, heads, MLP(width=width, hidden=mlp, gelu=gelu), norm_eps),
        }
        self.pool = choose(pools, pool, "pool")()
        self.norm_after = choose({"before": False, "after": True}, pool_norm, "pool_norm")
        if self.norm_after and pool != "gap":
            raise ValueError(f"pool_norm 'after' puts the norm behind a mean: the pool is 'gap', not {pool!r}")
        self.patch, self.grid = patch, grid_of(image_size, patch)
        self.embedding = dense(channels * patch**2, width)  # E of Equation 1, on flattened patches
        self.class_token = nn.Parameter(torch.zeros(1, 1, width)) if pool == "token" else None
        # as small as in DINOv2 and timm, but not zero: registers without positions would stay alike
        start = torch.empty(1, registers, width)
        self.registers = nn.Parameter(nn.init.normal_(start, std=1e-6)) if registers else None
        self.leading = int(pool == "token") + registers  # tokens before the patches
        sequence = dict(grid=self.grid, class_token=pool == "token", registers=registers)
        self.position = Positions(position, at=position_at, depth=depth, width=width, **sequence)
        self.dropout = nn.Dropout(dropout)
        block = dict(width=width, heads=heads, mlp=mlp, gelu=gelu, dropout=dropout, norm_eps=norm_eps)
        block |= dict(qk_norm=qk_norm, layer_scale=layer_scale)
        self.blocks = nn.ModuleList(
            self.make_block(position, sequence, drop_path=rate, **block) for rate in rates(drop_path, depth)
        )
        self.norm = nn.LayerNorm(width, eps=norm_eps)
        head_hidden = width if head_hidden == "width" else head_hidden  # the authors' pre-training has it as wide as D
        self.hidden = nn.Sequential(dense(width, head_hidden), nn.Tanh()) if head_hidden else nn.Identity()
        self.head = zero_head(head_hidden or width, num_classes)

    def make_block(self, position: str, sequence: dict, *, width: int, heads: int, **block) -> nn.Module:
        """An encoder block; `sequence` has the grid, whether there is a class token, and the number of registers."""
        relative = Relative(width=width // heads, **sequence) if position == "relative" else None
        return Block(width=width, heads=heads, relative=relative, **block)

    def tokens(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W) to patch embeddings x_p E of Equation 1 (B, N, D), without class token and positions."""
        rows, columns = x.shape[2] // self.patch, x.shape[3] // self.patch
        if (rows, columns) != self.grid:
            raise ValueError(
                f"images of {rows} x {columns} patches; the model is built for {self.grid[0]} x {self.grid[1]}: call resize_to"
            )
        x = x[:, :, : rows * self.patch, : columns * self.patch]  # drops the remainder, as in the authors' code
        x = x.unflatten(3, (columns, self.patch)).unflatten(2, (rows, self.patch))
        x = x.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # (B, N, channels * patch * patch)
        return self.embedding(x).to(self.embedding.weight.dtype)  # residuals stay float32 under autocast

    def initial_sequence(self, tokens: Tensor) -> Tensor:
        """z_0 of Equation 1, (B, N, D): class token, registers, patches; positions added, then dropout (Section B.1)."""
        # the class token comes first and has a position, as in vision_transformer; big_vision adds positions before it
        learned = [rows for rows in (self.class_token, self.registers) if rows is not None]
        if learned:
            tokens = torch.cat([*(rows.expand(len(tokens), -1, -1) for rows in learned), tokens], dim=1)
        return self.dropout(self.position(tokens))

    def last_layer(self, tokens: Tensor) -> Tensor:
        """Patch embeddings to z_L, (B, N, D) with the class token, if any, and registers in front."""
        z = self.initial_sequence(tokens)
        for layer, block in enumerate(self.blocks):
            z = block(self.position.before(layer, z))
        return z

    def encode(self, tokens: Tensor) -> Tensor:
        """Patch embeddings to LN(z_L), (B, N, D) with the class token, if any, and registers in front."""
        # LN of Equation 4, of all tokens: the mean and the patch targets need them too
        return self.norm(self.last_layer(tokens))

    def patches(self, encoded: Tensor) -> Tensor:
        """The patches of an encoded sequence, in raster order (B, N, D)."""
        return encoded[:, self.leading :] if self.leading else encoded

    def pooled(self, tokens: Tensor) -> Tensor:
        """Patch embeddings to y of Equation 4 (B, D); registers are not pooled."""
        if self.norm_after:
            return self.norm(self.pool(self.patches(self.last_layer(tokens))))
        encoded = self.encode(tokens)
        return self.pool(self.patches(encoded) if self.class_token is None else encoded)

    def features(self, x: Tensor) -> Tensor:
        """Input of the last linear layer: y of Equation 4, through the hidden layer of the head if there is one."""
        return self.hidden(self.pooled(self.tokens(x)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    def attention_weights(self, x: Tensor) -> Iterator[Tensor]:
        """The attention weights of each layer (B, H, N, N), a row per query, of all tokens (Section 4.5).

        The class token, if any, comes first, then the registers; from index `leading` on the patches follow.
        """
        z = self.initial_sequence(self.tokens(x))
        for layer, block in enumerate(self.blocks):
            z = self.position.before(layer, z)
            yield from block.weights(z)
            z = block(z)

    def kernels(self) -> Tensor:
        """The patch embedding as filters of the image (D, channels, p, p), an output of E in Equation 1 each."""
        return self.embedding.weight.unflatten(1, (-1, self.patch, self.patch))

    def position_table(self) -> Tensor:
        """What is added to the patches at the stem (N, D), in raster order. ValueError if nothing is."""
        return self.position.of_patches(self.norm.weight)

    @property
    def width(self) -> int:
        """D, of patch embeddings and encoded sequence."""
        return self.norm.weight.numel()

    @property
    def patch_pixels(self) -> int:
        """Side in pixels of the square that one patch embedding covers."""
        return self.patch

    def layers(self) -> list[list[nn.Parameter]]:
        """What makes z_0 (a hybrid's stem too), each block with the positions at its input, and norm, pool and head."""
        tables = self.position.tables
        blocks = [[block, *(tables[layer : layer + 1] if layer else [])] for layer, block in enumerate(self.blocks)]
        return self.by_depth([*blocks, [self.norm, self.pool, self.hidden, self.head]])

    def freeze_head(self) -> Model:
        """Freeze what is not used by training on `patches` alone."""
        # DistributedDataParallel waits for the gradient of every parameter that requires one
        for module in (self.pool, self.hidden, self.head):
            module.requires_grad_(False)
        return self

    def reset_head(self, num_classes: int) -> Model:
        """Replace the whole pre-training head by a linear layer of zeros for fine-tuning (Section 3.2)."""
        self.hidden = nn.Identity()
        self.head = zero_head(self.width, num_classes).to(self.norm.weight)
        return self.update_made_with(num_classes=num_classes, head_hidden=None)

    def resize_to(self, image_size: ImageSize, mode: str = "bilinear") -> Model:
        """Interpolate positions for images of another size (Section 3.2). Replaces parameters: call it before the optimizer is made."""
        self.grid = grid_of(image_size, self.patch)
        for module in (self.position, *self.blocks):
            module.resize(self.grid, mode)
        return self.update_made_with(image_size=image_size)
