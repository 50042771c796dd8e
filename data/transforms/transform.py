"""From the words of a recipe to a function of a batch: augment: [inception_crop, flip], evaluation: central_crop(256).

A number in brackets is the last argument of the step: a side, a reach in pixels, the least share of the area ...
"""

import inspect
import re
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from data.transforms.augment import AUGMENTATIONS
from data.transforms.crops import CROPS, OF_PARTS
from data.transforms.evaluation import EVALUATIONS
from data.transforms.resize import RULES, Images

WORD = re.compile(r"(\w+)(?:\((\d+(?:\.\d+)?)\))?")
NUMBERS = {  # last parameter of a step -> does a number fit an image size, and what is expected
    "side": (lambda number, size: number == int(number) and number >= size, "a whole number, {size} or more"),
    "reach": (lambda number, size: number == int(number) and 0 < number <= size, "a whole number from 1 to {size}"),
    "strength": (lambda number, size: 0 < number <= 1, "a number above 0, up to 1"),
    "magnitude": (lambda number, size: number == int(number) and number <= 30, "a whole number from 0 to 30"),
    "probability": (lambda number, size: 0 < number <= 1, "a number above 0, up to 1"),
    "least": (lambda number, size: 0 < number < 1, "a fraction between 0 and 1"),
}


class Transform:
    """Images of any size -> float32 (B, C, S, S), 0 .. 255.

    augment: at most one of CROPS, which comes first, then any of AUGMENTATIONS. Without a crop, an image is resized as
        for evaluation before it is augmented.
    evaluation: one of EVALUATIONS.
    resize: one of RULES.
    in_parts: does `augment` take no more than a slice of each image?
    """

    def __init__(self, *, size: int, augment: Sequence[str], evaluation: str, resize: str):
        if resize not in RULES:
            raise ValueError(f"unknown resize {resize!r}; known are {', '.join(RULES)}")
        if resize == "once" and evaluation != "resize":
            raise ValueError(f"resize 'once' keeps no larger image for evaluation {evaluation!r}; use another resize")
        if any(name_of(word) in CROPS for word in augment[1:]):
            raise ValueError(f"augment {', '.join(augment)}: only the first step may be one of {', '.join(CROPS)}")
        self.size, self.rule = size, RULES[resize]
        self.evaluation = step(evaluation, EVALUATIONS, "evaluation", size)
        steps = [step(word, CROPS | AUGMENTATIONS, "augmentation", size) for word in augment]
        has_crop = bool(augment) and name_of(augment[0]) in CROPS
        self.crop, self.steps = (steps[0], steps[1:]) if has_crop else (None, steps)
        self.in_parts = has_crop and name_of(augment[0]) in OF_PARTS

    def evaluate(self, images: Images, *_) -> torch.Tensor:
        """Deterministic: the seed, epochs and indices that `augment` takes are ignored."""
        return self.evaluation(images, self.size, self.rule)

    def augment(self, images: Images, seed: int, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor:
        draw = seed, epochs, indices
        images = self.crop(images, self.size, self.rule, *draw) if self.crop else self.evaluate(images)
        for augmentation in self.steps:
            images = augmentation(images, *draw)
        return images


def name_of(word: str) -> str:
    return word.split("(")[0]


def step(word: str, known: dict[str, Callable], kind: str, size: int) -> Callable:
    """'random_crop(160)' -> the function random_crop with its last argument set to 160."""
    match = WORD.fullmatch(word)
    if not match or match[1] not in known:
        raise ValueError(f"unknown {kind} {word!r}; known are {', '.join(known)}")
    function, number = known[match[1]], match[2]
    last = list(inspect.signature(function).parameters.values())[-1]
    fits, expected = NUMBERS.get(last.name, (None, "no number"))
    expected = expected.format(size=size)
    if number is None and fits and last.default is last.empty:
        raise ValueError(f"{kind} {match[1]} takes {expected}, in brackets")
    if number is None:
        return function
    if not fits or not fits(float(number), size):
        raise ValueError(f"{kind} {match[1]} takes {expected}, not {number}")
    return partial(function, **{last.name: float(number) if float(number) % 1 else int(float(number))})
