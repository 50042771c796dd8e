"""config.json beside a file of weights, as Hugging Face and timm write it, in terms of our options.

`mean` and `std` normalise images in [0, 1]; `class_row`: does the position table begin with the class token's row?
"""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

from vit.paths import name_of
from vit.weights.layout import Layout

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
ACTIVATIONS = {  # name in either project: our option `gelu`
    "gelu": "erf",
    "gelu_python": "erf",
    "gelu_tanh": "tanh",
    "gelu_new": "tanh",
    "gelu_fast": "tanh",
    "gelu_accurate": "tanh",
    "gelu_python_tanh": "tanh",
    "gelu_pytorch_tanh": "tanh",
}


def config_beside(path: Path, layout: Layout) -> tuple[dict, list[str]]:
    """(what a config.json beside a file, or in a folder of weights, states; sentences on what was not understood).

    ValueError if it is damaged or states what no model here computes.
    """
    folder = path if path.is_dir() else path.parent
    content = read_json(folder / CONFIG)
    if layout.config is None or content is None:
        return {}, []
    stated, notes = layout.config(content, folder)
    return stated, [f"the {CONFIG} beside it {note}" for note in notes]


def read_json(path: Path) -> dict | None:
    """The object in a JSON file, or None if the file does not exist."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{name_of(path)} beside it is damaged ({error}); get it again or remove it") from None
    if not isinstance(content, dict):
        raise ValueError(f"{name_of(path)} beside it holds no object; get it again or remove it")
    return content


def section(config: Mapping, key: str) -> dict:
    """The object under a key; empty if it is absent or null."""
    value = config.get(key) or {}
    if not isinstance(value, dict):
        raise ValueError(f"its {CONFIG} says {key} {value!r}, expected an object; get it again or remove it")
    return value


def renamed(config: Mapping, **names: str) -> dict:
    """The numbers under these keys, under our names."""
    return {ours: number(theirs, config[theirs]) for theirs, ours in names.items() if theirs in config}


def activation(name: str | None) -> dict:
    """Our option `gelu` for an activation; ValueError for another function than GELU, which no model here has."""
    if name is None:
        return {}
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(
            f"its {CONFIG} says activation {name!r}, but models of this project compute GELU; use another file"
        )
    return {"gelu": ACTIVATIONS[name]}


def sizes(config: Mapping, image: str, patch: str) -> dict:
    """image_size (height, width) and patch, a number, if stated. image, patch: their keys in the config."""
    stated = {}
    if config.get(image) is not None:
        stated["image_size"] = height_width(image, config[image])
    if config.get(patch) is not None:
        rows, columns = height_width(patch, config[patch])
        if rows != columns:
            raise ValueError(f"its {CONFIG} says patches of {rows} x {columns}, those of this project are square")
        stated["patch"] = rows
    return stated


def height_width(key: str, value) -> tuple[int, int]:
    """One number means a square."""
    both = value if isinstance(value, list) else [value] * 2
    if len(both) != 2 or not all(type(side) is int and side > 0 for side in both):
        raise ValueError(f"its {CONFIG} says {key} {value!r}, expected one or two sizes in pixels")
    return tuple(both)


def number(key: str, value) -> float:
    if type(value) not in (int, float) or not isfinite(value) or value <= 0:
        raise ValueError(f"its {CONFIG} says {key} {value!r}, expected a number above 0")
    return value


def channels(name: str, values) -> dict:
    """{name: three numbers, one a channel}, or {} if they are not stated."""
    if values is None:
        return {}
    if not isinstance(values, list) or len(values) != 3 or not all(type(value) in (int, float) for value in values):
        raise ValueError(f"the config beside it says {name} {values!r} of images, expected three numbers")
    if name == "std" and not all(values):
        raise ValueError(f"the config beside it says std {values!r} of images, expected three numbers above 0")
    return {name: tuple(map(float, values))}
