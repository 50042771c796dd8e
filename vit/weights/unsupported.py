"""Parts of other models that names give away: those of a pre-training are left out, those that change what is computed are refused."""

import re

PRETRAINING = re.compile(  # decoders of masked images (MAE, ViTMAE, BEiT), projections of contrastive heads (MoCo, DINO)
    r"(vit\.embeddings\.|embeddings\.)?mask_token|decoder(_\w+)?(\..*)?|head\.(\d+|mlp|last_layer)\..*|(projector|predictor|projection_head)\..*"
)
REFUSED = {  # pattern of a name: what a model with such a name has
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


def without_pretraining(tensors):
    """({name: tensor} of the model itself, names of what only its pre-training used)."""
    left_out = [name for name in tensors if PRETRAINING.fullmatch(name)]
    return {name: tensor for name, tensor in tensors.items() if name not in left_out}, left_out


def refuse(tensors):
    """ValueError if no model here computes what a model with these names does."""
    for known, what in REFUSED.items():
        if name := next(filter(re.compile(known).fullmatch, tensors), None):
            raise ValueError(f"weights of a model with {what} ({name}), which no model of this project has")
