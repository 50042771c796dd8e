"""The Vision Transformer (Section 3.1).

B batch, N tokens, D width, H heads, C classes.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from vit.models.choices import choose
from vit.models.dropout import Dropout
from vit.models.encoder_block import MLP, Block
from vit.models.grid import ImageSize, grid_of
from vit.models.initializers import dense, zero_head
from vit.models.model import Model
from vit.models.pool import AttentionPool, MeanPool, TokenPool
from vit.models.position import Positions, Relative
from vit.models.stochastic_depth import rates

SIZES = {  # Table 1; Ti and S are not in the paper
    "Ti": dict(depth=12, width=192, mlp=768, heads=3),
    "S": dict(depth=12, width=384, mlp=1536, heads=6),
    "B": dict(depth=12, width=768, mlp=3072, heads=12),
    "L": dict(depth=24, width=1024, mlp=4096, heads=16),
    "H": dict(depth=32, width=1280, mlp=5120, heads=16),
}


class ViT(Model):
    """Patch embeddings, positions, L encoder blocks, pooling and a head (Equations 1 to 4).

    Options that the paper does not have: registers, learned tokens after the class token that have no position and are
    not pooled (Darcet et al. 2024); drop_path, the share of the last block (stochastic_depth.py); layer_scale and qk_norm
    (encoder_block.py); pool_norm 'after', the last norm behind the mean over the patches, as MAE and BEiT fine-tune.
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
        self.dropout = Dropout(dropout)
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

    def last_layer(self, tokens: Tensor, first: int | None = None) -> Tensor:
        """Patch embeddings to z_L, (B, N, D) with the class token, if any, and registers in front; or its `first` rows."""
        z = self.initial_sequence(tokens)
        for layer, block in enumerate(self.blocks[:-1]):
            z = block(self.position.before(layer, z))
        z = self.position.before(len(self.blocks) - 1, z)
        return self.blocks[-1](z) if first is None else self.blocks[-1](z, first=first)

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
        if (
            self.class_token is not None
            and not self.whole_sequence
            and getattr(self.blocks[-1], "can_be_partial", False)
        ):
            return self.pool(self.norm(self.last_layer(tokens, first=1)))  # no other row of z_L matters
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
        """The patch embedding as filters of the image (D, channels, p, p), an output of E in Equation 1 each.

        ValueError in a class of one's own with something else in its place.
        """
        if not isinstance(self.embedding, nn.Linear):
            return super().kernels()
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

    def blocks_in_order(self) -> list[nn.Module]:
        """The encoder blocks."""
        return list(self.blocks)

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
