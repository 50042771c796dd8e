"""Random parameters in the layouts of the authors' archives, written from a statement of those layouts, not from ours.

Values are drawn so that signals stay of order 1 and nothing is zero or one, where mistakes could hide.
"""

import numpy as np


class Draw(dict):
    """A flat archive that grows by random layers; float64."""

    def __init__(self, seed=0):
        super().__init__()
        self.random = np.random.default_rng(seed)

    def normal(self, key, *shape, std, mean=0.0):
        self[key] = mean + std * self.random.standard_normal(shape)

    def kernel(self, key, *shape, fan_in):
        self.normal(f"{key}/kernel", *shape, std=fan_in**-0.5)

    def dense(self, key, inputs, outputs):
        self.kernel(key, inputs, outputs, fan_in=inputs)
        self.normal(f"{key}/bias", outputs, std=0.3)

    def conv(self, key, size, inputs, outputs):
        self.kernel(key, size, size, inputs, outputs, fan_in=size * size * inputs)

    def norm(self, key, *shape, names=("scale", "bias")):
        self.normal(f"{key}/{names[0]}", *shape, std=0.3, mean=1.0)
        self.normal(f"{key}/{names[1]}", *shape, std=0.3)

    def attention(self, key, width, heads):
        for name in ("query", "key", "value"):
            self.kernel(f"{key}/{name}", width, heads, width // heads, fan_in=width)
            self.normal(f"{key}/{name}/bias", heads, width // heads, std=0.3)
        self.kernel(f"{key}/out", heads, width // heads, width, fan_in=width)
        self.normal(f"{key}/out/bias", width, std=0.3)

    def mlp(self, key, width, hidden):
        self.dense(f"{key}/Dense_0", width, hidden)
        self.dense(f"{key}/Dense_1", hidden, width)


def vit(
    *, grid, patch, width, heads, mlp, depth, classes, channels=3, pool="token", hidden=None, table=True, archive=None
):
    """vision_transformer's ViT as released; big_vision's MAPHead_0 for pool 'map'."""
    archive = Draw() if archive is None else archive
    archive.kernel("embedding", patch, patch, channels, width, fan_in=patch * patch * channels)
    archive.normal("embedding/bias", width, std=0.3)
    if pool == "token":
        archive.normal("cls", 1, 1, width, std=1.0)
    if table:
        rows = grid[0] * grid[1] + (pool == "token")
        archive.normal("Transformer/posembed_input/pos_embedding", 1, rows, width, std=1.0)
    for block in range(depth):
        key = f"Transformer/encoderblock_{block}"
        archive.norm(f"{key}/LayerNorm_0", width)
        archive.attention(f"{key}/MultiHeadDotProductAttention_1", width, heads)
        archive.norm(f"{key}/LayerNorm_2", width)
        archive.mlp(f"{key}/MlpBlock_3", width, mlp)
    archive.norm("Transformer/encoder_norm", width)
    if pool == "map":
        archive.normal("MAPHead_0/probe", 1, 1, width, std=1.0)
        archive.attention("MAPHead_0/MultiHeadDotProductAttention_0", width, heads)
        archive.norm("MAPHead_0/LayerNorm_0", width)
        archive.mlp("MAPHead_0/MlpBlock_0", width, mlp)
    if hidden:
        archive.dense("pre_logits", width, hidden)
    archive.dense("head", hidden or width, classes)
    return archive


def hybrid(*, units, stem_width=1.0, patch=1, **sizes):
    """The stem's additional keys, GroupNorm as (1, 1, 1, C) like the released hybrids, and the ViT on top."""
    archive, root = Draw(), int(64 * stem_width)
    archive.conv("conv_root", 7, 3, root)
    archive.norm("gn_root", 1, 1, 1, root)
    channels = root
    for block, count in enumerate(units, 1):
        width = root * 2 ** (block - 1)
        for unit in range(1, count + 1):
            key = f"block{block}/unit{unit}"
            archive.conv(f"{key}/conv1", 1, channels, width)
            archive.conv(f"{key}/conv2", 3, width, width)
            archive.conv(f"{key}/conv3", 1, width, 4 * width)
            for norm, size in (("gn1", width), ("gn2", width), ("gn3", 4 * width)):
                archive.norm(f"{key}/{norm}", 1, 1, 1, size)
            if unit == 1:
                archive.conv(f"{key}/conv_proj", 1, channels, 4 * width)
                archive.norm(f"{key}/gn_proj", 1, 1, 1, 4 * width)
            channels = 4 * width
    return vit(patch=patch, channels=channels, archive=archive, **sizes)


def bit(*, units, width_factor, classes):
    """big_transfer's names, which are TensorFlow's."""
    archive, root = Draw(), int(64 * width_factor)
    archive.conv("resnet/root_block/standardized_conv2d", 7, 3, root)
    channels = root
    for block, count in enumerate(units, 1):
        width = root * 2 ** (block - 1)
        for unit in range(1, count + 1):
            key = f"resnet/block{block}/unit{unit:02d}"
            for part, size, inputs, outputs in (
                ("a", 1, channels, width),
                ("b", 3, width, width),
                ("c", 1, width, 4 * width),
            ):
                archive.norm(f"{key}/{part}/group_norm", inputs, names=("gamma", "beta"))
                archive.conv(f"{key}/{part}/standardized_conv2d", size, inputs, outputs)
            if unit == 1:
                archive.conv(f"{key}/a/proj/standardized_conv2d", 1, channels, 4 * width)
            channels = 4 * width
    archive.norm("resnet/group_norm", channels, names=("gamma", "beta"))
    archive.conv("resnet/head/conv2d", 1, channels, classes)
    archive.normal("resnet/head/conv2d/bias", classes, std=0.3)
    return archive
