"""config.json beside a file of weights, as Hugging Face and timm write it: what it states, by the names of our options.

`mean` and `std` are those by which images of [0, 1] are normalised, `class_row` whether positions begin with the class token's.
"""

import json
from math import isfinite

from vit.paths import name_of

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


def beside(path, layout):
    """(what a config.json in the folder of `path`, or in that folder, states, sentences on what was not understood).

    ValueError: a wrong one.
    """
    folder = path if path.is_dir() else path.parent
    content = read(folder / CONFIG)
    if layout.config is None or content is None:
        return {}, []
    try:
        stated, notes = layout.config(content, folder)
    except (TypeError, AttributeError):  # a number where an object is expected, and the like
        raise ValueError(f"the {CONFIG} beside it is damaged; get it again or remove it") from None
    return stated, [f"the {CONFIG} beside it {note}" for note in notes]


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
