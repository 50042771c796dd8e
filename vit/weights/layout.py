"""A layout is the names and shapes under which a kind of file stores our parameters: one table, read both ways.

A row says our module, its name in the file, and the form in which its tensors are stored; `{b}` is a block, `{s}` and
`{u}` a stage and a unit, each counted from 0, and `{S}`, `{U}` the same counted from 1. D width, H heads.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import torch

from vit.models.axial import AxialResNet, AxialViT
from vit.models.hybrid import Hybrid
from vit.models.resnet import ResNet
from vit.models.vit import ViT


class Change(NamedTuple):
    """How a tensor of ours is stored, and the way back. Heads and patches cannot be seen in our shapes: ask the model."""

    there: Callable = lambda tensor, model: tensor
    back: Callable = lambda tensor: tensor


class Place(NamedTuple):
    """Names in the file (several where ours packs them along its first axis) and the change of each part."""

    names: list[str]
    change: Change


class Layout:
    """One kind of file. `mark`: a pattern that only its names match; `kinds`: the models that it has names for."""

    def __init__(self, name, *, mark, kinds, rows, numerics=(), spellings=(), class_row=True, shown=(), config=None):
        """`numerics`: what its own code computes with, by the names of our options where we have one; `shown`: what of
        that the shapes show; `spellings`: (pattern, replacement) of older and newer names; `class_row`: does the table
        of positions begin with the class token's, None where files differ; `config`: see config.py.
        """
        self.name, self.mark, self.kinds, self.numerics = name, re.compile(mark), kinds, dict(numerics)
        self.spellings, self.class_row, self.shown, self.config = spellings, class_row, shown, config
        self.rows = [
            (pattern(ours + suffix), theirs + ending, change, parts)
            for ours, (theirs, form, *parts) in rows.items()
            for suffix, (ending, change) in form.items()
        ]

    def place(self, ours):
        """Where one of our parameters lies, or None."""
        for known, theirs, change, parts in self.rows:
            if match := known.fullmatch(ours):
                numbers = {letter: int(number) for letter, number in match.groupdict().items()}
                numbers |= {letter.upper(): number + 1 for letter, number in numbers.items()}
                return Place([theirs.format(part=part, **numbers) for part in parts or [""]], change)
        return None

    def stored(self, state, model):
        """Parameters of ours by their names in the file, in the file's shapes; all of them have a place."""
        tensors = {}
        for ours, tensor in state.items():
            names, change = self.place(ours)
            parts = tensor.chunk(len(names))
            tensors |= {name: change.there(part, model) for name, part in zip(names, parts, strict=True)}
        return tensors

    def restored(self, ours, parts):
        """The way back, for one parameter."""
        parts = [self.place(ours).change.back(part) for part in parts]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def spelled(self, name):
        """A name of the file as this table has it."""
        for known, replacement in self.spellings:
            name = re.sub(known, replacement, name)
        return name


class OwnLayout(Layout):
    """Ours: nothing changes."""

    def place(self, ours):
        return Place([ours], Change())


def pattern(ours):
    """'blocks.{b}.norm1' as a regular expression that finds the number."""
    return re.compile(re.sub(r"\\\{(\w)\\\}", r"(?P<\1>\\d+)", re.escape(ours)))


def kind_of(model):
    """What a layout must know how to name."""
    if type(model) is Hybrid:
        return "hybrid" if len(model.stem.stages) else "hybrid of the root only"
    return {ViT: "ViT", ResNet: "BiT ResNet", AxialViT: "axial ViT", AxialResNet: "axial ResNet"}[type(model)]
