"""config.json beside a file of weights, as Hugging Face and timm write it: what it states, by the names of our options.

`mean` and `std` are those by which images of [0, 1] are normalised, `class_row` whether positions begin with the class token's.
"""

import json
import re
from math import isfinite

from vit.plan.files import name_of

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
ACTIVATIONS = {  # the names of both projects: the form of our option `gelu`
    "gelu": "erf",
    "gelu_python": "erf",
    "gelu_tanh": "tanh",
    "gelu_new": "tanh",
    "gelu_fast": "tanh",
    "gelu_accurate": "tanh",
    "gelu_python_tanh": "tanh",
    "gelu_pytorch_tanh": "tanh",
}
HEADS = {"tiny": 3, "small": 6, "base": 12, "large": 16, "huge": 16}  # of timm's architectures
PLAIN = re.compile(r"(vit|deit)_(tiny|small|base|large|huge)(_patch\d+|_r\d*_s\d+(_p\d+)?)_\d+")


def beside(path, layout):
    """(what a config.json in the folder of `path` states, sentences on what was not understood). ValueError: a wrong one."""
    config = read(path.parent / CONFIG)
    if layout.config is None or config is None:
        return {}, []
    writer, states = layout.config
    stated = states(config, path.parent)
    if stated is None:
        return {}, [f"the {CONFIG} beside it is not one of {writer}: not read"]
    plain = writer != TIMM[0] or PLAIN.fullmatch(config["architecture"])
    return stated, [] if plain else [f"its architecture {config['architecture']!r} may compute in its own way"]


def read(path):
    """The object in a file of JSON, or None where the file is missing."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{name_of(path)} beside it is damaged ({error}); get it again or remove it") from None
    if not isinstance(content, dict):
        raise ValueError(f"{name_of(path)} beside it holds no object; get it again or remove it")
    return content


def of_hugging_face(config, folder):
    """What a ViTConfig and its image processor state; None for another project's config."""
    if "hidden_size" not in config:
        return None
    if config.get("qkv_bias") is False:
        raise ValueError(f"its {CONFIG} says qkv_bias false, and this project's models have biases: use another file")
    if config.get("pooler_act", "tanh") != "tanh":
        raise ValueError(
            f"its {CONFIG} says pooler_act {config['pooler_act']!r}, the models have tanh: use another file"
        )
    images = read(folder / PREPROCESSOR) or {}
    normalised = images.get("do_normalize", True)
    return {
        **renamed(config, num_attention_heads="heads", layer_norm_eps="norm_eps"),
        **activation(config.get("hidden_act")),
        **sizes(config, "image_size", "patch_size"),
        **channels("mean", images.get("image_mean") if normalised else [0.0] * 3),
        **channels("std", images.get("image_std") if normalised else [1.0] * 3),
    }


def of_timm(config, folder):
    """What the config.json of a model of timm on the Hub states; None for another project's config."""
    if not isinstance(config.get("architecture"), str):
        return None
    arguments, images = config.get("model_args") or {}, config.get("pretrained_cfg") or {}
    plain = PLAIN.fullmatch(config["architecture"])
    quick = {"act_layer": "quick_gelu"} if "quickgelu" in config["architecture"] else {}
    return {
        **({"heads": HEADS[plain[2]], "class_row": True} if plain else {}),
        **renamed(arguments, num_heads="heads"),
        **({"class_row": not arguments["no_embed_class"]} if "no_embed_class" in arguments else {}),
        **activation((quick | arguments).get("act_layer")),
        **sizes({"img_size": (images.get("input_size") or [None])[1:] or None} | arguments, "img_size", "patch_size"),
        **channels("mean", images.get("mean")),
        **channels("std", images.get("std")),
    }


TIMM, HUGGING_FACE = ("timm", of_timm), ("Hugging Face", of_hugging_face)


def renamed(config, **names):
    """The numbers under these keys by our names."""
    return {ours: number(theirs, config[theirs]) for theirs, ours in names.items() if theirs in config}


def activation(name):
    """The form of GELU that an activation is; no model of this project has another."""
    if name is None:
        return {}
    if name not in ACTIVATIONS:
        raise ValueError(
            f"its {CONFIG} says that it computes with {name}, the models of this project with GELU: use another file"
        )
    return {"gelu": ACTIVATIONS[name]}


def sizes(config, image, patch):
    """image_size (height, width) and patch, a number, where they are stated."""
    stated = {}
    if config.get(image) is not None:
        stated["image_size"] = two(image, config[image])
    if config.get(patch) is not None:
        rows, columns = two(patch, config[patch])
        if rows != columns:
            raise ValueError(f"its {CONFIG} says patches of {rows} x {columns}, those of this project are square")
        stated["patch"] = rows
    return stated


def two(key, value):
    both = value if isinstance(value, list) else [value] * 2
    if len(both) != 2 or not all(type(side) is int and side > 0 for side in both):
        raise ValueError(f"its {CONFIG} says {key} {value!r}, expected one or two sizes in pixels")
    return tuple(both)


def number(key, value):
    if type(value) not in (int, float) or not isfinite(value) or value <= 0:
        raise ValueError(f"its {CONFIG} says {key} {value!r}, expected a number above 0")
    return value


def channels(name, values):
    """Three numbers, one a channel, where they are stated."""
    if values is None:
        return {}
    if not isinstance(values, list) or len(values) != 3 or not all(type(value) in (int, float) for value in values):
        raise ValueError(f"the config beside it says {name} {values!r} of images, expected three numbers")
    if name == "std" and not all(values):
        raise ValueError(f"the config beside it says std {values!r} of images, expected three numbers above 0")
    return {name: tuple(map(float, values))}
