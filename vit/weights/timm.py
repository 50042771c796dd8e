"""Layouts of timm's state dicts: ViT, hybrids, BiT."""

from vit.weights.forms import LAYER, TENSOR, TORCH_CONV, TORCH_CONV_HEAD, TORCH_PATCHES
from vit.weights.layout import Layout
from vit.weights.timm_config import of_timm

STEM = "patch_embed.backbone"
UNIT = f"{STEM}.stages.{{s}}.blocks.{{u}}"
VIT = {
    "embedding": ("patch_embed.proj", TORCH_PATCHES),
    "class_token": ("cls_token", TENSOR),
    "position.tables.0.table": ("pos_embed", TENSOR),
    "blocks.{b}.norm1": ("blocks.{b}.norm1", LAYER),
    "blocks.{b}.attention.qkv": ("blocks.{b}.attn.qkv", LAYER),
    "blocks.{b}.attention.out": ("blocks.{b}.attn.proj", LAYER),
    "blocks.{b}.norm2": ("blocks.{b}.norm2", LAYER),
    "blocks.{b}.mlp.dense1": ("blocks.{b}.mlp.fc1", LAYER),
    "blocks.{b}.mlp.dense2": ("blocks.{b}.mlp.fc2", LAYER),
    "norm": ("norm", LAYER),
    "pool.probe": ("attn_pool.latent", TENSOR),
    "pool.query": ("attn_pool.q", LAYER),
    "pool.key_value": ("attn_pool.kv", LAYER),
    "pool.out": ("attn_pool.proj", LAYER),
    "pool.norm": ("attn_pool.norm", LAYER),
    "pool.mlp.dense1": ("attn_pool.mlp.fc1", LAYER),
    "pool.mlp.dense2": ("attn_pool.mlp.fc2", LAYER),
    "head": ("head", LAYER),
    "stem.root": (f"{STEM}.stem.conv", TORCH_CONV),
    "stem.norm": (f"{STEM}.stem.norm", LAYER),
    **{f"stem.stages.{{s}}.{{u}}.conv{i}": (f"{UNIT}.conv{i}", TORCH_CONV) for i in (1, 2, 3)},
    **{f"stem.stages.{{s}}.{{u}}.norm{i}": (f"{UNIT}.norm{i}", LAYER) for i in (1, 2, 3)},
    "stem.stages.{s}.{u}.project.0": (f"{UNIT}.downsample.conv", TORCH_CONV),
    "stem.stages.{s}.{u}.project.1": (f"{UNIT}.downsample.norm", LAYER),
}
ROOT = {"stem.root": (f"{STEM}.conv", TORCH_CONV), "stem.norm": (f"{STEM}.norm", LAYER)}
RESNET = dict(kernel_eps="1e-08 on the variance", group_norm_eps=1e-5)
NUMERICS = dict(gelu="erf", norm_eps=1e-6, pool_norm="before", **RESNET)
FILES = dict(class_row=None, config=of_timm)  # None: with no_embed_class the table has no class row
VITS = dict(kinds=("ViT", "hybrid"), numerics=NUMERICS, **FILES)

TIMM_HIDDEN = Layout(
    "an old timm state dict with a hidden layer in its head",
    mark=r"pre_logits\.fc\..*",
    rows=VIT | {"hidden.0": ("pre_logits.fc", LAYER)},
    **VITS,
)
TIMM_ROOT = Layout(
    "a timm state dict of a hybrid of the root only",
    mark=r"patch_embed\.backbone\.conv\..*",
    rows=VIT | ROOT,
    kinds=("hybrid of the root only",),
    numerics=NUMERICS,
    **FILES,
)
TIMM = Layout("a timm ViT state dict", mark=r"patch_embed\..*|blocks\.\d+\.attn\..*", rows=VIT, **VITS)

TIMM_BIT = Layout(
    "a timm BiT state dict",
    mark=r"stem\.conv\.weight|stages\.\d+\.blocks\..*",
    kinds=("BiT ResNet",),
    rows={
        "root": ("stem.conv", TORCH_CONV),
        **{f"stages.{{s}}.{{u}}.norm{i}": (f"stages.{{s}}.blocks.{{u}}.norm{i}", LAYER) for i in (1, 2, 3)},
        **{f"stages.{{s}}.{{u}}.conv{i}": (f"stages.{{s}}.blocks.{{u}}.conv{i}", TORCH_CONV) for i in (1, 2, 3)},
        "stages.{s}.{u}.project": ("stages.{s}.blocks.{u}.downsample.conv", TORCH_CONV),
        "norm": ("norm", LAYER),
        "head": ("head.fc", TORCH_CONV_HEAD),
    },
    numerics=dict(root_padding="zero", **RESNET),
    config=of_timm,
)
