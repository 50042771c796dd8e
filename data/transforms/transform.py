"""From the words of a recipe to what is done to a batch: augment [inception_crop, flip], evaluation central_crop(256).

A number in brackets is the step's own: a side, a reach in pixels, or the least share of the area.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from data.transforms.augment import AUGMENTATIONS
from data.transforms.crops import CROPS
from data.transforms.evaluation import EVALUATIONS
from data.transforms.resize import RULES, Images

WORD = re.compile(r"(\w+)(?:\((\d+(?:\.\d+)?)\))?")
NUMBERS = {  # last parameter of a step -> does the number fit an image size, and what is expected
    "side": (lambda number, size: number == int(number) and number >= size, "a whole number, {size} or more"),
    "reach": (lambda number, size: number == int(number) and 0 < number <= size, "a whole number from 1 to {size}"),
    "strength": (lambda number, size: 0 < number <= 1, "a number above 0, up to 1"),
    "least": (lambda number, size: 0 < number < 1, "a share between 0 and 1"),
}


class Transform:
    """Images of any size -> float32 (B, C, S, S), 0 .. 255.

    augment: at most one step of data.transforms.crops, which comes first, then steps of data.transforms.augment.
        Without one of data.transforms.crops, an image is prepared as for evaluation before it is augmented.
    evaluation: a step of data.transforms.evaluation.
    resize: a rule of data.transforms.resize.
    """

    def __init__(self, *, size: int, augment: Sequence[str], evaluation: str, resize: str):
        if resize not in RULES:
            raise ValueError(f"unknown resize {resize!r}; known are {', '.join(RULES)}")
        if resize == "once" and evaluation != "resize":
            raise ValueError(f"evaluation {evaluation!r} needs images of their own size, so resize cannot be 'once'")
        if any(name_of(word) in CROPS for word in augment[1:]):
            raise ValueError(f"augment {', '.join(augment)}: {', '.join(CROPS)} come first, and only one of them")
        self.how = size, RULES[resize]
        self.evaluation = step(evaluation, EVALUATIONS, "evaluation", size)
        steps = [step(word, CROPS | AUGMENTATIONS, "augmentation", size) for word in augment]
        cuts = bool(augment) and name_of(augment[0]) in CROPS
        self.cut, self.steps = (steps[0], steps[1:]) if cuts else (None, steps)

    def evaluate(self, images: Images, *_) -> torch.Tensor:
        """Nothing is drawn."""
        return self.evaluation(images, *self.how)

    def augment(self, images: Images, seed: int, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor:
        draw = seed, epochs, indices
        images = self.cut(images, *self.how, *draw) if self.cut else self.evaluate(images)
        for change in self.steps:
            images = change(images, *draw)
        return images


def name_of(word: str) -> str:
    return word.split("(")[0]


def step(word: str, known: dict[str, Callable], kind: str, size: int) -> Callable:
    """'random_crop(160)' -> the function random_crop with its last argument given."""
    match = WORD.fullmatch(word)
    if not match or match[1] not in known:
        raise ValueError(f"unknown {kind} {word!r}; known are {', '.join(known)}")
    function, number = known[match[1]], match[2]
    last = list(inspect.signature(function).parameters.values())[-1]
    fits, expected = NUMBERS.get(last.name, (None, "no number"))
    expected = f"{kind} {match[1]} takes {expected.format(size=size)}"
    if number is None and fits and last.default is last.empty:
        raise ValueError(f"{expected}, in brackets")
    if number is None:
        return function
    if not fits or not fits(float(number), size):
        raise ValueError(f"{expected}, not {number}")
    return partial(function, **{last.name: float(number) if float(number) % 1 else int(float(number))})
