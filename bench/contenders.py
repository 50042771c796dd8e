"""Who is compared: the same architecture from timm and from us, with timm's form of GELU and with ours."""

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
TIMM, SAME, DEFAULT = "timm", "ours, timm's GELU", "ours"


def contenders(model, image_size):
    """Name -> function that builds it; a ResNet has no GELU, so two contenders do."""
    ours = partial(create_model, model, image_size=image_size)
    if model.startswith("ResNet"):
        return {TIMM: partial(timm.create_model, THEIRS[model]), DEFAULT: ours}
    theirs = partial(timm.create_model, THEIRS[model], img_size=image_size)
    return {TIMM: theirs, SAME: partial(ours, gelu="erf"), DEFAULT: ours}


def without_zeros(network):
    """Some heads and scales start at zero, which would leave most gradients zero and some arithmetic untypically easy."""
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    return network
