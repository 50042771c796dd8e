"""A file of weights whose layout is known: its tensors by the names of that layout's table, compared with a model's."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.layout import Layout


@dataclass
class File:
    """`made_with` are the arguments of create_model that our own files state; `dropped` names what is no parameter;
    `stated` is what a config.json beside the file says, `notes` how its parameters were picked out, and what was not
    understood of that config.
    """

    path: Path
    layout: Layout
    tensors: dict[str, torch.Tensor]
    made_with: dict | None
    dropped: list[str]
    notes: list[str] = field(default_factory=list)
    stated: dict = field(default_factory=dict)

    def wrong(self, text):
        """The one line to raise: what it is, what is wrong with it."""
        return UserError(f"{name_of(self.path)}: {self.layout.name}; {text}")

    def name(self, ours):
        """The first name under which it stores a parameter of ours, or None where its layout has no such thing."""
        place = self.layout.place(ours)
        return place and place.names[0]

    def parameter(self, ours, like, model):
        """A parameter of ours, of the shape of `like`, from what the file has of it."""
        expected = self.layout.stored({ours: like}, model)
        return self.layout.restored(ours, [self.tensors[name].reshape(part.shape) for name, part in expected.items()])

    def differences(self, wanted, model):
        """What of these parameters is missing or of another shape, in words."""
        expected = {name: part.shape for name, part in self.layout.stored(wanted, model).items()}
        missing = [name for name in expected if name not in self.tensors]
        other = [
            name for name in expected if name not in missing and not same(self.tensors[name].shape, expected[name])
        ]
        words = [f"{few(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
        if other:
            more = f" (and {len(other) - 1} more differ)" if len(other) > 1 else ""
            here, there = in_words(self.tensors[other[0]].shape), in_words(expected[other[0]])
            words += [f"{other[0]} is {here}, expected {there}{more}"]
        return "; ".join(words)


def same(shape, expected):
    """Leading ones count for nothing: norms and heads have them in some files."""
    return bare(shape) == bare(expected)


def bare(shape):
    ones = next((axis for axis, length in enumerate(shape) if length != 1), len(shape))
    return tuple(shape[ones:])


def in_words(shape):
    """'4 x 4'."""
    return " x ".join(map(str, shape)) or "a single number"


def few(names):
    """'a, b, c and 3 more'."""
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
