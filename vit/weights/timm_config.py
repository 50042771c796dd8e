"""What the config.json of a model that timm pushed to the Hub states."""

import re

from vit.weights.config import activation, channels, renamed, sizes

HEADS = {"tiny": 3, "small": 6, "base": 12, "large": 16, "huge": 16}  # of timm's architectures
PLAIN = re.compile(r"(vit|deit)_(tiny|small|base|large|huge)(_patch\d+|_r\d*_s\d+(_p\d+)?)_\d+")
BIT = re.compile(r"resnetv2_\d+x\d+_bit")
POOLS = {"token": "token", "avg": "gap", "map": "map"}


def of_timm(config, folder):
    """What the config.json of a model of timm on the Hub states; nothing where another project wrote it."""
    if not isinstance(config.get("architecture"), str):
        return {}, ["is not one of timm: not read"]
    arguments, images = config.get("model_args") or {}, config.get("pretrained_cfg") or {}
    pool = arguments.get("global_pool", config.get("global_pool"))
    plain = PLAIN.fullmatch(config["architecture"])
    quick = {"act_layer": "quick_gelu"} if "quickgelu" in config["architecture"] else {}
    stated = {
        **({"heads": HEADS[plain[2]], "class_row": True} if plain else {}),
        **renamed(arguments, num_heads="heads"),
        **({"class_row": not arguments["no_embed_class"]} if "no_embed_class" in arguments else {}),
        **activation((quick | arguments).get("act_layer")),
        **sizes({"img_size": (images.get("input_size") or [None])[1:] or None} | arguments, "img_size", "patch_size"),
        **({"pool": POOLS[pool]} if pool in POOLS else {}),
        **channels("mean", images.get("mean")),
        **channels("std", images.get("std")),
    }
    unknown = f"names {config['architecture']!r}, whose code may compute in another way than is assumed"
    return stated, [] if plain or BIT.fullmatch(config["architecture"]) else [unknown]
