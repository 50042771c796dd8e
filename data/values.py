"""Values that the arguments of a set may have: an impossible one is refused before anything is loaded."""

import math
from numbers import Integral, Real


def number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def integer(value) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def seed(value) -> bool:
    return integer(value) and -(2**63) <= value < 2**63


def count(value) -> bool:
    return integer(value) and value > 0


def one_of(*words):
    return lambda value: value in words, " or ".join(map(repr, words))


VALUES = {  # argument -> (check, what is expected)
    **dict.fromkeys(("image_size", "batch_size", "eval_batch_size"), (count, "a whole number above 0")),
    **dict.fromkeys(("orientations", "train_size", "test_size"), (count, "a whole number above 0")),
    **dict.fromkeys(("seed", "split_seed", "fractal_seed"), (seed, "a whole number of 64 bits")),
    **dict.fromkeys(("held_out", "subset"), (number, "a fraction or a number of images")),
    "workers": (lambda value: value is None or (integer(value) and value >= 0), "null or a whole number, 0 or more"),
    "skip_limit": (lambda value: number(value) and 0 <= value <= 1, "a fraction from 0 to 1"),
    "train_on": one_of("train", "all"),
    "on_error": one_of("raise", "skip"),
    "validation": one_of("further", "held_out"),
    **dict.fromkeys(("color", "packed"), (lambda value: isinstance(value, bool), "true or false")),
}


def check(**arguments) -> None:
    """ValueError for the first argument with an impossible value."""
    for name, value in arguments.items():
        fits, expected = VALUES[name]
        if not fits(value):
            raise ValueError(f"{name} must be {expected}, not {value!r}")
