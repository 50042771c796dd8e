"""Layouts of the authors' archives: vision_transformer and big_vision (ViT, hybrids), big_transfer and big_vision (BiT)."""

from vit.weights.forms import CONV, CONV_HEAD, DENSE, GAMMA_BETA, HEADS, NORM, OUT, PATCHES, TENSOR
from vit.weights.layout import Layout

BLOCK, UNIT, MAP = "Transformer/encoderblock_{b}", "block{S}/unit{U}", "MAPHead_0"
ATTENTION, MLP = f"{BLOCK}/MultiHeadDotProductAttention_1", f"{BLOCK}/MlpBlock_3"
VIT = {
    "embedding": ("embedding", PATCHES),
    "class_token": ("cls", TENSOR),
    "position.tables.0.table": ("Transformer/posembed_input/pos_embedding", TENSOR),
    "blocks.{b}.norm1": (f"{BLOCK}/LayerNorm_0", NORM),
    "blocks.{b}.attention.qkv": (f"{ATTENTION}/{{part}}", HEADS, "query", "key", "value"),
    "blocks.{b}.attention.out": (f"{ATTENTION}/out", OUT),
    "blocks.{b}.norm2": (f"{BLOCK}/LayerNorm_2", NORM),
    "blocks.{b}.mlp.dense1": (f"{MLP}/Dense_0", DENSE),
    "blocks.{b}.mlp.dense2": (f"{MLP}/Dense_1", DENSE),
    "norm": ("Transformer/encoder_norm", NORM),
    "pool.probe": (f"{MAP}/probe", TENSOR),
    "pool.query": (f"{MAP}/MultiHeadDotProductAttention_0/{{part}}", HEADS, "query"),
    "pool.key_value": (f"{MAP}/MultiHeadDotProductAttention_0/{{part}}", HEADS, "key", "value"),
    "pool.out": (f"{MAP}/MultiHeadDotProductAttention_0/out", OUT),
    "pool.norm": (f"{MAP}/LayerNorm_0", NORM),
    "pool.mlp.dense1": (f"{MAP}/MlpBlock_0/Dense_0", DENSE),
    "pool.mlp.dense2": (f"{MAP}/MlpBlock_0/Dense_1", DENSE),
    "hidden.0": ("pre_logits", DENSE),
    "head": ("head", DENSE),
    "stem.root": ("conv_root", CONV),
    "stem.norm": ("gn_root", NORM),
    **{f"stem.stages.{{s}}.{{u}}.conv{i}": (f"{UNIT}/conv{i}", CONV) for i in (1, 2, 3)},
    **{f"stem.stages.{{s}}.{{u}}.norm{i}": (f"{UNIT}/gn{i}", NORM) for i in (1, 2, 3)},
    "stem.stages.{s}.{u}.project.0": (f"{UNIT}/conv_proj", CONV),
    "stem.stages.{s}.{u}.project.1": (f"{UNIT}/gn_proj", NORM),
}
SPELLINGS = (  # later flax numbers the children of a block by class; the released files number them across classes
    (r"(/encoderblock_\d+)/LayerNorm_1/", r"\1/LayerNorm_2/"),
    (r"(/encoderblock_\d+)/MultiHeadDotProductAttention_0/", r"\1/MultiHeadDotProductAttention_1/"),
    (r"(/encoderblock_\d+)/MlpBlock_0/", r"\1/MlpBlock_3/"),
)
VITS = dict(
    kinds=("ViT", "hybrid", "hybrid of the root only"),
    numerics=dict(
        gelu="tanh", norm_eps=1e-6, pool_norm="before", kernel_eps="1e-05 on the deviation", group_norm_eps=1e-6
    ),
    spellings=SPELLINGS,
    shown=("heads", "pool"),
)

BIG_VISION = Layout(
    "big_vision's ViT archive",
    mark=r"pos_embedding",
    rows=VIT | {"position.tables.0.table": ("pos_embedding", TENSOR)},
    class_row=False,
    **VITS,
)
OFFICIAL = Layout("the authors' ViT archive", mark=r"Transformer/.*|embedding/kernel", rows=VIT, **VITS)

STANDARD = dict(kernel_eps="1e-10 on the variance", group_norm_eps=1e-5)
TENSORFLOW = "resnet/block{S}/unit{U:02d}"
BIT = Layout(
    "big_transfer's BiT archive",
    mark=r"resnet/.*",
    kinds=("BiT ResNet",),
    rows={
        "root": ("resnet/root_block/standardized_conv2d", CONV),
        "stages.{s}.{u}.norm1": (f"{TENSORFLOW}/a/group_norm", GAMMA_BETA),
        "stages.{s}.{u}.conv1": (f"{TENSORFLOW}/a/standardized_conv2d", CONV),
        "stages.{s}.{u}.project": (f"{TENSORFLOW}/a/proj/standardized_conv2d", CONV),
        "stages.{s}.{u}.norm2": (f"{TENSORFLOW}/b/group_norm", GAMMA_BETA),
        "stages.{s}.{u}.conv2": (f"{TENSORFLOW}/b/standardized_conv2d", CONV),
        "stages.{s}.{u}.norm3": (f"{TENSORFLOW}/c/group_norm", GAMMA_BETA),
        "stages.{s}.{u}.conv3": (f"{TENSORFLOW}/c/standardized_conv2d", CONV),
        "norm": ("resnet/group_norm", GAMMA_BETA),
        "head": ("resnet/head/conv2d", CONV_HEAD),
    },
    numerics=dict(root_padding="zero", **STANDARD),
    spellings=((r"standardized_conv2d_\d+", "standardized_conv2d"),),
)

LINEN = "block{S}/unit{U:02d}"
BIG_VISION_BIT = Layout(
    "big_vision's BiT archive",
    mark=r"root_block/.*|block\d/unit\d\d/.*",
    kinds=("BiT ResNet",),
    rows={
        "root": ("root_block/conv_root", CONV),
        **{f"stages.{{s}}.{{u}}.norm{i}": (f"{LINEN}/gn{i}", NORM) for i in (1, 2, 3)},
        **{f"stages.{{s}}.{{u}}.conv{i}": (f"{LINEN}/conv{i}", CONV) for i in (1, 2, 3)},
        "stages.{s}.{u}.project": (f"{LINEN}/conv_proj", CONV),
        "norm": ("norm-pre-head", NORM),
        "head": ("head", DENSE),
    },
    numerics=dict(root_padding="inf", **STANDARD),
)
