"""Kinds of values in YAML: each a predicate, and how a message says what was expected."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def share(value: object) -> bool:
    return number(value) and 0 <= value < 1


def positive(value: object) -> bool:
    return number(value) and value > 0


def words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def rates(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(positive, value)) and len(set(value)) == len(value)
    return positive(value)


def rising(value: object) -> bool:
    return isinstance(value, list) and all(map(count, value)) and value == sorted(set(value))


def different(fits: Callable) -> Callable:
    return lambda value: (
        isinstance(value, list) and bool(value) and all(map(fits, value)) and len(set(value)) == len(value)
    )


@dataclass(frozen=True)
class Kind:
    """What a value may be: a predicate, and how a message says it. words: the keys of a registry, where it is one of them."""

    fits: Callable
    expected: str
    words: tuple = ()

    @property
    def or_null(self) -> "Kind":
        return Kind(lambda value: value is None or self.fits(value), f"{self.expected} or null", self.words)


def one_of(*names: str) -> Kind:
    return Kind(lambda value: value in names, " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])), names)


def step_of(*names: str) -> Callable:
    """Is it a step of a transform: a name, or a name with a number in brackets?"""
    return lambda word: isinstance(word, str) and bool(re.fullmatch(rf"({'|'.join(names)})(\(\d+(\.\d+)?\))?", word))


def steps_of(*names: str) -> Kind:
    fits = step_of(*names)
    expected = f"a list of steps, each one of {', '.join(names)}, such as [{names[0]}]"
    return Kind(lambda value: words(value) and all(map(fits, value)), expected, names)


COUNT = Kind(count, "a whole number above 0")
WHOLE = Kind(whole, "a whole number")
BOOL = Kind(lambda value: isinstance(value, bool), "true or false")
NUMBER = Kind(number, "a number")
NOT_NEGATIVE = Kind(lambda value: number(value) and value >= 0, "a number, 0 or more")
POSITIVE = Kind(positive, "a number above 0")
SHARE = Kind(share, "a number from 0 to below 1")
FRACTION = Kind(lambda value: number(value) and 0 <= value <= 1, "a number from 0 to 1")
SHARE_OR_COUNT = Kind(lambda value: share(value) or count(value), "a number from 0 to below 1, or a number of images")
SUBSET = Kind(
    lambda value: count(value) or (number(value) and 0 < value <= 1), "a share above 0 to 1, or a number of images"
)
RATES = Kind(rates, "a number above 0, or a list of different ones")
ONE_OR_MORE = Kind(
    lambda value: positive(value) or (isinstance(value, list) and bool(value) and all(map(positive, value))),
    "a number above 0 or a list of them",
)
RISING = Kind(rising, "a list of rising whole numbers")
COUNTS = Kind(lambda value: isinstance(value, list) and all(map(count, value)), "a list of whole numbers above 0")
DIFFERENT_COUNTS = Kind(different(count), "a list of different whole numbers above 0")
DIFFERENT_WHOLES = Kind(different(whole), "a list of different whole numbers")
ABOVE_0_TO_1 = Kind(lambda value: number(value) and 0 < value <= 1, "a number above 0 to 1")
