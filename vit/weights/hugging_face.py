"""Layouts of Hugging Face's state dicts: ViTModel, BitModel and their ForImageClassification."""

from vit.weights.forms import LAYER, TENSOR, TORCH_CONV, TORCH_PATCHES
from vit.weights.hugging_face_config import of_hugging_face
from vit.weights.layout import Layout

BLOCK = "encoder.layer.{b}"
HUGGING_FACE = Layout(
    "a Hugging Face ViT state dict",
    mark=r"(vit\.)?(embeddings\.(patch_embeddings|cls_token|position_embeddings).*|encoder\.layer\.\d+\..*)",
    kinds=("ViT",),
    rows={
        "embedding": ("embeddings.patch_embeddings.projection", TORCH_PATCHES),
        "class_token": ("embeddings.cls_token", TENSOR),
        "position.tables.0.table": ("embeddings.position_embeddings", TENSOR),
        "blocks.{b}.norm1": (f"{BLOCK}.layernorm_before", LAYER),
        "blocks.{b}.attention.qkv": (f"{BLOCK}.attention.attention.{{part}}", LAYER, "query", "key", "value"),
        "blocks.{b}.attention.out": (f"{BLOCK}.attention.output.dense", LAYER),
        "blocks.{b}.norm2": (f"{BLOCK}.layernorm_after", LAYER),
        "blocks.{b}.mlp.dense1": (f"{BLOCK}.intermediate.dense", LAYER),
        "blocks.{b}.mlp.dense2": (f"{BLOCK}.output.dense", LAYER),
        "norm": ("layernorm", LAYER),
        "hidden.0": ("pooler.dense", LAYER),
        "head": ("classifier", LAYER),
    },
    spellings=(
        (r"^vit\.", ""),  # absent in ViTModel
        (r"^layers\.(\d+)\.", r"encoder.layer.\1."),  # from here on: names in memory since transformers 5
        (r"\.attention\.q_proj\.", ".attention.attention.query."),
        (r"\.attention\.k_proj\.", ".attention.attention.key."),
        (r"\.attention\.v_proj\.", ".attention.attention.value."),
        (r"\.attention\.o_proj\.", ".attention.output.dense."),
        (r"\.mlp\.fc1\.", ".intermediate.dense."),
        (r"\.mlp\.fc2\.", ".output.dense."),
    ),
    numerics=dict(gelu="erf", norm_eps=1e-12, pool_norm="before"),
    shown=("pool",),
    config=of_hugging_face,
)

UNIT = "encoder.stages.{s}.layers.{u}"
HUGGING_FACE_BIT = Layout(
    "a Hugging Face BiT state dict",
    mark=r"(bit\.)?(embedder\.convolution\..*|encoder\.stages\.\d+\.layers\..*)",
    kinds=("BiT ResNet",),
    rows={
        "root": ("embedder.convolution", TORCH_CONV),
        **{f"stages.{{s}}.{{u}}.norm{i}": (f"{UNIT}.norm{i}", LAYER) for i in (1, 2, 3)},
        **{f"stages.{{s}}.{{u}}.conv{i}": (f"{UNIT}.conv{i}", TORCH_CONV) for i in (1, 2, 3)},
        "stages.{s}.{u}.project": (f"{UNIT}.downsample.conv", TORCH_CONV),
        "norm": ("norm", LAYER),
        "head": ("classifier.1", LAYER),
    },
    spellings=((r"^bit\.", ""),),  # absent in BitModel
    numerics=dict(root_padding="zero", kernel_eps="1e-08 on the variance", group_norm_eps=1e-5),
)
