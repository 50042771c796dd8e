"""A value that no run could use is one line that names the argument, the value and what is expected, before anything is loaded."""

import pytest
from plain_data import PLAIN

from data import Digits, Fractals, Sprites, UnseenFractals

COMMON = PLAIN | {"image_size": 8, "batch_size": 4}
OWN = {
    Digits: {},
    Fractals: {"categories": 2, "instances": 2, "fractal_seed": 0},
    UnseenFractals: {"categories": 2, "instances": 2},
    Sprites: {"orientations": 4, "train_size": 2, "test_size": 2},
}
COUNT, WHOLE, SHARE = "a whole number above 0", "a whole number of 64 bits", "a fraction from 0 to 1"
PART, WORD = "a fraction or a number of images", "true or false"
WRONG = [
    *(
        (Digits, name, value, COUNT)
        for name in ("image_size", "batch_size", "eval_batch_size")
        for value in (0, -4, 2.5)
    ),
    *((Digits, "batch_size", value, COUNT) for value in ("4", None, True)),
    *((Digits, "workers", value, "null or a whole number, 0 or more") for value in (-1, 0.5, "two")),
    *((Digits, "skip_limit", value, SHARE) for value in (5, -0.1, 1.001, float("nan"), "all", True)),
    *((Digits, name, value, PART) for name in ("held_out", "subset") for value in ("a tenth", None, float("inf"))),
    *((Digits, name, value, WHOLE) for name in ("seed", "split_seed") for value in (0.5, "0")),
    (Digits, "train_on", "test", "'train' or 'all'"),
    (Digits, "on_error", "ignore", "'raise' or 'skip'"),
    (Fractals, "validation", "none", "'further' or 'held_out'"),
    (Fractals, "fractal_seed", 0.5, WHOLE),
    *((kind, "color", value, WORD) for kind in (Fractals, UnseenFractals) for value in ("yes", 1, None)),
    (Fractals, "packed", "no", WORD),
    *((Sprites, name, value, COUNT) for name in ("orientations", "train_size", "test_size") for value in (0, "8", 1.5)),
]


@pytest.mark.parametrize(("kind", "name", "value", "expected"), WRONG)
def test_it_is_refused(kind, name, value, expected):
    with pytest.raises(ValueError) as refused:
        kind(**COMMON | OWN[kind] | {name: value})
    assert str(refused.value).startswith(f"{name} ") and str(refused.value).endswith(f"{expected}, not {value!r}")


@pytest.mark.parametrize(("name", "value"), [("skip_limit", 0), ("skip_limit", 1), ("workers", 0), ("held_out", 0)])
def test_the_edges_are_allowed(name, value):
    assert getattr(Digits(**COMMON | {name: value}), name) == value
