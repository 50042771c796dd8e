"""Layout of the state dict of torchvision's VisionTransformer."""

from vit.weights.forms import LAYER, SAME, TENSOR, TORCH_PATCHES
from vit.weights.layout import Layout

BLOCK = "encoder.layers.encoder_layer_{b}"
PACKED = {".weight": ("_weight", SAME), ".bias": ("_bias", SAME)}  # parameters of nn.MultiheadAttention itself
TORCHVISION = Layout(
    "a torchvision ViT state dict",
    mark=r"conv_proj\..*|encoder\.pos_embedding|encoder\.layers\.encoder_layer_\d+\..*",
    kinds=("ViT",),
    rows={
        "embedding": ("conv_proj", TORCH_PATCHES),
        "class_token": ("class_token", TENSOR),
        "position.tables.0.table": ("encoder.pos_embedding", TENSOR),
        "blocks.{b}.norm1": (f"{BLOCK}.ln_1", LAYER),
        "blocks.{b}.attention.qkv": (f"{BLOCK}.self_attention.in_proj", PACKED),
        "blocks.{b}.attention.out": (f"{BLOCK}.self_attention.out_proj", LAYER),
        "blocks.{b}.norm2": (f"{BLOCK}.ln_2", LAYER),
        "blocks.{b}.mlp.dense1": (f"{BLOCK}.mlp.0", LAYER),
        "blocks.{b}.mlp.dense2": (f"{BLOCK}.mlp.3", LAYER),
        "norm": ("encoder.ln", LAYER),
        "hidden.0": ("heads.pre_logits", LAYER),
        "head": ("heads.head", LAYER),
    },
    spellings=(
        (r"\.mlp\.linear_1\.", ".mlp.0."),
        (r"\.mlp\.linear_2\.", ".mlp.3."),
    ),  # of older versions, in which the published weights are
    numerics=dict(gelu="erf", norm_eps=1e-6, pool_norm="before"),
    shown=("pool",),
)
