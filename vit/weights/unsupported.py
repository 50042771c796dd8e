"""Parts of models that tensor names reveal: those of a pre-training are dropped, those that no layout translates are refused."""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

PRETRAINING = re.compile(  # decoders of masked images (MAE, ViTMAE, BEiT), projections of contrastive heads (MoCo, DINO)
    r"(vit\.embeddings\.|embeddings\.)?mask_token|decoder(_\w+)?(\..*)?|head\.(\d+|mlp|last_layer)\..*|(projector|predictor|projection_head)\..*"
)
REFUSED = {  # pattern of a name: the part that it belongs to. Some are options of our models, under other names
    r"(.*\.)?(dist_token|distillation_token|head_dist\..*|distillation_classifier\..*)": "a distillation token",
    r"(.*\.)?(reg_token|register_tokens|storage_tokens)": "register tokens",
    r"(fc_norm|pooler\.layernorm|(\w+\.)?pooler\.layernorm)\..*": "a norm after the mean over tokens, as in a fine-tuned MAE",
    r"(.*\.)?(running_mean|running_var)": "batch normalisation",
    r"(.*\.)?(ls[12]\.gamma|gamma_[12]|layer_scale[12]\.lambda1|lambda_[12])": "layer scale",
    r"(.*\.)?(relative_position_bias\w*(\..*)?|rel_pos_[hw])": "biases of relative positions",
    r"(.*\.)?attn\.[qk]_norm\..*": "norms of queries and keys",
    r"norm_pre\..*": "a norm before the blocks",
    r"(.*\.)?(conv_dw|dwconv)\..*": "depthwise convolutions",
    r"(.*\.)?word_embeddings\..*": "word embeddings",
}


def without_pretraining(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """({name: tensor} of the model itself, names of what only its pre-training used)."""
    left_out = [name for name in tensors if PRETRAINING.fullmatch(name)]
    return {name: tensor for name, tensor in tensors.items() if name not in left_out}, left_out


def refuse(names: Iterable[str]) -> None:
    """ValueError if a model with these names computes something that no layout translates."""
    for known, part in REFUSED.items():
        if name := next(filter(re.compile(known).fullmatch, names), None):
            raise ValueError(f"weights of a model with {part} ({name}), which is not read from files of other projects")
