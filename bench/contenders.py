"""The contenders: the same architecture from timm and from us, each with both forms of GELU."""

from functools import partial

import timm
from torch import nn

from vit.models import create_model

THEIRS = {
    "ViT-Ti/16": "vit_tiny_patch16_224",
    "ViT-S/16": "vit_small_patch16_224",
    "ViT-B/16": "vit_base_patch16_224",
    "ViT-L/16": "vit_large_patch16_224",
    "R50+ViT-B/16": "vit_base_r50_s16_224",
    "ResNet50x1": "resnetv2_50x1_bit",
}
TIMM, OURS, TIMM_TANH, OURS_ERF = "timm", "ours", "timm, tanh GELU", "ours, erf GELU"
TIMM_FLOAT32 = "timm, float32"  # beside the others in bf16-mixed on a CPU


def contenders(model, image_size, in_float32=False):
    """{name: function that builds it}, with each library's default GELU and with the other's; ResNets have none.

    in_float32: with one more of timm's, for float32.
    """
    found = by_gelu(model, image_size)
    return found | {TIMM_FLOAT32: found[TIMM]} if in_float32 else found


def by_gelu(model, image_size):
    ours = partial(create_model, model, image_size=image_size)
    if model.startswith("ResNet"):
        return {TIMM: partial(timm.create_model, THEIRS[model]), OURS: ours}
    theirs = partial(timm.create_model, THEIRS[model], img_size=image_size)
    tanh, erf = partial(theirs, act_layer="gelu_tanh"), partial(ours, gelu="erf")
    return {TIMM: theirs, TIMM_TANH: tanh, OURS: ours, OURS_ERF: erf}


def rival(who, present):
    """The contender to compare with: timm's with the same GELU, if it was measured."""
    # the tanh takes a few percent of the time
    return TIMM_TANH if who in (OURS, TIMM_TANH) and TIMM_TANH in present else TIMM


def without_zeros(network):
    """Replace parameters that are all zero by random ones."""
    # zero heads and scales would leave most gradients zero, and arithmetic on zeros may take another time
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    return network
