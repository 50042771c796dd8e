"""The Vision Transformer (Section 3.1, Appendix A).

B batch, N tokens, D width, H heads, C classes.
"""

import torch
import torch.nn.functional as F
from torch import nn

from vit.models.choices import choose
from vit.models.gelu import DenseGeluDense, by_hand
from vit.models.grid import grid_of
from vit.models.initial import dense, xavier_, zero_head
from vit.models.made import Made
from vit.models.pool import AttentionPool, MeanPool, TokenPool
from vit.models.position import Positions, Relative

SIZES = {  # Table 1; Ti and S are not in the paper
    "Ti": dict(depth=12, width=192, mlp=768, heads=3),
    "S": dict(depth=12, width=384, mlp=1536, heads=6),
    "B": dict(depth=12, width=768, mlp=3072, heads=12),
    "L": dict(depth=24, width=1024, mlp=4096, heads=16),
    "H": dict(depth=32, width=1280, mlp=5120, heads=16),
}
GELU = {"tanh": "tanh", "erf": "none"}  # flax's default is the tanh form, timm and Hugging Face use erf


class Attention(nn.Module):
    """Multi-head self-attention (Equations 5 to 8), with a bias from relative positions where there are any."""

    def __init__(self, width, heads, relative=None):
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide the width {width}")
        self.heads, self.relative = heads, relative
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        xavier_(self.qkv, parts=3)
        xavier_(self.out)

    def project(self, z):
        """Queries, keys and values, each (B, H, N, D / H)."""
        return (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(z).chunk(3, dim=-1))

    def bias(self, q):
        return None if self.relative is None else self.relative(q) * q.shape[-1] ** -0.5

    def forward(self, z):
        q, k, v = self.project(z)
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias(q))
        return self.out(z.transpose(1, 2).flatten(2))  # (B, N, D)

    def weights(self, z):
        """The softmax of Equation 6, which the fused product above never stores: (B, H, N, N)."""
        q, k, _ = self.project(z)
        scores = q @ k.mT * q.shape[-1] ** -0.5
        return (scores if self.relative is None else scores + self.bias(q)).softmax(dim=-1)


class MLP(nn.Module):
    """Two dense layers with a GELU between; dropout after each (Section B.1)."""

    def __init__(self, *, width, hidden, gelu, dropout=0.0):
        super().__init__()
        self.dense1, self.dense2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.gelu, self.dropout = nn.GELU(approximate=choose(GELU, gelu, "gelu")), nn.Dropout(dropout)
        for linear in (self.dense1, self.dense2):
            xavier_(linear)
            nn.init.normal_(linear.bias, std=1e-6)

    def forward(self, z):
        weights = self.dense1.weight, self.dense1.bias, self.dense2.weight, self.dense2.bias
        if not (self.training and self.dropout.p) and by_hand(z, *weights):
            return DenseGeluDense.apply(z, *weights, self.gelu.approximate)  # the same, faster
        return self.dropout(self.dense2(self.dropout(self.gelu(self.dense1(z)))))


class Block(nn.Module):
    """A pre-norm encoder block (Equations 2 and 3)."""

    def __init__(self, *, width, heads, mlp, gelu, dropout, norm_eps, relative=None):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=norm_eps), nn.LayerNorm(width, eps=norm_eps)
        self.attention, self.dropout = Attention(width, heads, relative), nn.Dropout(dropout)
        self.mlp = MLP(width=width, hidden=mlp, gelu=gelu, dropout=dropout)

    def forward(self, z):
        z = z + self.dropout(self.attention(self.norm1(z)))
        return z + self.mlp(self.norm2(z))

    def weights(self, z):
        yield self.attention.weights(self.norm1(z))

    def resize(self, grid, mode):
        if self.attention.relative is not None:
            self.attention.relative.resize(grid, mode)


class ViT(Made):
    """Patches, positions, L blocks, one representation an image, a head (Equations 1 to 4)."""

    def __init__(
        self,
        channels=3,
        *,
        image_size,
        num_classes,
        patch,
        width,
        depth,
        heads,
        mlp,
        position="1d",
        position_at="stem",
        pool="token",
        head_hidden=None,
        dropout=0.0,
        gelu="tanh",
        norm_eps=1e-6,
    ):
        super().__init__()
        pools = {
            "token": TokenPool,
            "gap": MeanPool,
            "map": lambda: AttentionPool(width, heads, MLP(width=width, hidden=mlp, gelu=gelu), norm_eps),
        }
        self.pool = choose(pools, pool, "pool")()
        self.patch, self.grid = patch, grid_of(image_size, patch)
        self.embedding = dense(channels * patch**2, width)  # E of Equation 1
        self.class_token = nn.Parameter(torch.zeros(1, 1, width)) if pool == "token" else None
        place = dict(grid=self.grid, class_token=pool == "token")
        self.position = Positions(position, at=position_at, depth=depth, width=width, **place)
        self.dropout = nn.Dropout(dropout)
        block = dict(width=width, heads=heads, mlp=mlp, gelu=gelu, dropout=dropout, norm_eps=norm_eps)
        self.blocks = nn.ModuleList(self.make_block(position, place, **block) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=norm_eps)
        head_hidden = width if head_hidden == "width" else head_hidden  # as in the authors' code
        self.hidden = nn.Sequential(dense(width, head_hidden), nn.Tanh()) if head_hidden else nn.Identity()
        self.head = zero_head(head_hidden or width, num_classes)

    def make_block(self, position, place, *, width, heads, **block):
        relative = Relative(width=width // heads, **place) if position == "relative" else None
        return Block(width=width, heads=heads, relative=relative, **block)

    def tokens(self, x):
        """Images (B, 3, H, W) to patch embeddings (B, N, D), without class token and positions."""
        rows, columns = x.shape[2] // self.patch, x.shape[3] // self.patch
        if (rows, columns) != self.grid:
            raise ValueError(f"these images give {(rows, columns)} tokens, the model has {self.grid}: resize_to them")
        x = x[:, :, : rows * self.patch, : columns * self.patch]  # the rest is dropped, as in the authors' code
        x = x.unflatten(3, (columns, self.patch)).unflatten(2, (rows, self.patch))
        x = x.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # (B, N, 3 * patch * patch)
        return self.embedding(x).to(self.embedding.weight.dtype)  # float32 residuals, under autocast too

    def start(self, tokens):
        """z_0 of Equation 1; dropout comes directly after the positions (Section B.1)."""
        if self.class_token is not None:
            tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        return self.dropout(self.position(tokens))

    def encode(self, tokens):
        """Patch embeddings to the normalised sequence, its class token (if there is one) first, then N patches."""
        z = self.start(tokens)
        for layer, block in enumerate(self.blocks):
            z = block(self.position.before(layer, z))
        return self.norm(z)

    def patches(self, encoded):
        """Of an encoded sequence what stands for the patches, in raster order (B, N, D)."""
        return encoded if self.class_token is None else encoded[:, 1:]

    def features(self, x):
        """What the head sees."""
        return self.hidden(self.pool(self.encode(self.tokens(x))))

    def forward(self, x):
        return self.head(self.features(x))

    def attention_weights(self, x):
        """Each layer's attention weights (B, H, N, N), a row a query; `forward` has a faster path."""
        z = self.start(self.tokens(x))
        for layer, block in enumerate(self.blocks):
            z = self.position.before(layer, z)
            yield from block.weights(z)
            z = block(z)

    @property
    def width(self):
        """D, of the patch embeddings and of the encoded sequence."""
        return self.norm.weight.numel()

    @property
    def patch_pixels(self):
        """Side of the square of pixels that one patch embedding stands for."""
        return self.patch

    def freeze_head(self):
        """For training on `patches` alone: what only the head's side uses waits for no gradient."""
        for part in (self.pool, self.hidden, self.head):
            part.requires_grad_(False)
        return self

    def reset_head(self, num_classes):
        """For fine-tuning: the whole pre-training head gives way to one linear layer of zeros (Section 3.2)."""
        self.hidden = nn.Identity()
        self.head = zero_head(self.width, num_classes).to(self.norm.weight)
        return self.changed(num_classes=num_classes, head_hidden=None)

    def resize_to(self, image_size, mode="bilinear"):
        """Take images of another size from now on; call it before the optimizer is made (Section 3.2)."""
        self.grid = grid_of(image_size, self.patch)
        for part in (self.position, *self.blocks):
            part.resize(self.grid, mode)
        return self.changed(image_size=image_size)
