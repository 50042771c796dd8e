"""The config.json that timm writes for a model on the Hub."""

import re
from collections.abc import Mapping
from pathlib import Path

from vit.weights.config import CONFIG, activation, channels, renamed, section, sizes

HEADS = {"tiny": 3, "small": 6, "base": 12, "large": 16, "huge": 16}  # of timm's architectures
PLAIN = re.compile(r"(vit|deit)_(tiny|small|base|large|huge)(_patch\d+|_r\d*_s\d+(_p\d+)?)_\d+")
BIT = re.compile(r"resnetv2_\d+x\d+_bit")
POOLS = {"token": "token", "avg": "gap", "map": "map"}


def of_timm(config: Mapping, folder: Path) -> tuple[dict, list[str]]:
    """(what it states, notes); nothing if another project wrote it."""
    if not isinstance(config.get("architecture"), str):
        return {}, ["is not one of timm: not read"]
    arguments, images = section(config, "model_args"), section(config, "pretrained_cfg")
    pool = arguments.get("global_pool", config.get("global_pool"))
    plain = PLAIN.fullmatch(config["architecture"])
    quick = {"act_layer": "quick_gelu"} if "quickgelu" in config["architecture"] else {}
    stated = {
        **({"heads": HEADS[plain[2]], "class_row": True} if plain else {}),
        **renamed(arguments, num_heads="heads"),
        **({"class_row": not arguments["no_embed_class"]} if "no_embed_class" in arguments else {}),
        **activation((quick | arguments).get("act_layer")),
        **sizes(input_size(images) | arguments, "img_size", "patch_size"),
        **({"pool": POOLS[pool]} if isinstance(pool, str) and pool in POOLS else {}),
        **channels("mean", images.get("mean")),
        **channels("std", images.get("std")),
    }
    unknown = f"names {config['architecture']!r}, whose code may compute something else than is assumed"
    return stated, [] if plain or BIT.fullmatch(config["architecture"]) else [unknown]


def input_size(images: Mapping) -> dict:
    """input_size, [channels, height, width], as the argument img_size, which overrides it if it is stated."""
    size = images.get("input_size") or []
    if not isinstance(size, list):
        raise ValueError(f"its {CONFIG} says input_size {size!r}, expected [channels, height, width]")
    return {"img_size": size[1:]} if size[1:] else {}
