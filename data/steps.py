"""From the words of a recipe to what is done to a batch: augment [inception_crop, flip], evaluation central_crop(256).

A number in brackets is the step's own: a side, a reach in pixels, or the least share of the area.
"""

import inspect
import re
from collections.abc import Callable, Sequence

import numpy as np
import torch

from data.augment import AUGMENTATIONS
from data.cut import CUTS
from data.disturb import DISTURBANCES
from data.prepare import EVALUATIONS
from data.resize import RULES, Images

WORD = re.compile(r"(\w+)(?:\((\d+(?:\.\d+)?)\))?")
NUMBERS = {  # last parameter of a step -> does the number fit an image size, and what is expected
    "side": (lambda number, size: number == int(number) and number >= size, "a whole number, {size} or more"),
    "reach": (lambda number, size: number == int(number) and 0 < number <= size, "a whole number from 1 to {size}"),
    "strength": (lambda number, size: 0 < number <= 1, "a number above 0, up to 1"),
    "least": (lambda number, size: 0 < number < 1, "a share between 0 and 1"),
}


class Preparation:
    """Images of any size -> float32 (B, C, S, S), 0 .. 255.

    augment: at most one step of data.cut, which comes first, then steps of data.augment and data.disturb.
        Without one of data.cut, an image is prepared as for evaluation before it is augmented.
    evaluation: a step of data.prepare.
    resize: a rule of data.resize.
    """

    def __init__(self, *, size: int, augment: Sequence[str], evaluation: str, resize: str):
        if resize not in RULES:
            raise ValueError(f"unknown resize {resize!r}; known are {', '.join(RULES)}")
        if resize == "once" and evaluation != "resize":
            raise ValueError(f"evaluation {evaluation!r} needs images of their own size, so resize cannot be 'once'")
        self.size, self.rule = size, RULES[resize]
        self.evaluation, self.number = step(evaluation, EVALUATIONS, "evaluation", size)
        self.steps = [step(word, AUGMENTATIONS | DISTURBANCES | CUTS, "augmentation", size) for word in augment]
        late = [word for word, (function, _) in list(zip(augment, self.steps, strict=True))[1:] if is_cut(function)]
        if late:
            raise ValueError(f"augment: {late[0]!r} takes images as they are, so it comes first and only once")

    def evaluate(self, images: Images, *_) -> torch.Tensor:
        """Nothing is drawn."""
        return self.evaluation(images, self.size, self.rule, *self.number)

    def augment(self, images: Images, seed: int, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor:
        if not self.steps or not is_cut(self.steps[0][0]):
            images = self.evaluate(images)
        for function, number in self.steps:
            how = (self.size, self.rule) if is_cut(function) else ()
            images = function(images, *how, seed, epochs, indices, *number)
        return images


def is_cut(function: Callable) -> bool:
    return function in CUTS.values()


def step(word: str, known: dict[str, Callable], kind: str, size: int) -> tuple[Callable, tuple]:
    """'random_crop(160)' -> the function and its number, if it has one, in a tuple."""
    match = WORD.fullmatch(word)
    if not match or match[1] not in known:
        raise ValueError(f"unknown {kind} {word!r}; known are {', '.join(known)}")
    function, number = known[match[1]], match[2]
    last = list(inspect.signature(function).parameters.values())[-1]
    fits, expected = NUMBERS.get(last.name, (None, "no number"))
    expected = f"{kind} {match[1]} takes {expected.format(size=size)}"
    if number is None and fits and last.default is last.empty:
        raise ValueError(f"{expected}, in brackets")
    if number is not None and not (fits and fits(float(number), size)):
        raise ValueError(f"{expected}, not {number}")
    return function, () if number is None else (as_written(float(number)),)


def as_written(number: float) -> float:
    """Whole numbers are counts of pixels."""
    return int(number) if number == int(number) else number
