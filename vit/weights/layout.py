"""A layout is one table, read in both directions: the names and shapes under which a file format stores our parameters.

A row of the table is our module, its name in the file, and the form in which its tensors are stored. `{b}` is a block,
`{s}` and `{u}` a stage and a unit, counted from 0; `{S}` and `{U}` are counted from 1. D width, H heads.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vit.models.axial import AxialResNet, AxialViT
from vit.models.hybrid import Hybrid
from vit.models.resnet import ResNet
from vit.models.vit import ViT


class Conversion(NamedTuple):
    """From our tensor to the file's and back. `to_file` gets the model too: our shapes do not show heads and patches."""

    to_file: Callable = lambda tensor, model: tensor
    from_file: Callable = lambda tensor: tensor


class Stored(NamedTuple):
    """Names in the file (several if ours packs their tensors along its first axis) and the conversion of each."""

    names: list[str]
    conversion: Conversion


class Layout:
    """One file format.

    mark: pattern of tensor names that only this format has. kinds: the kinds of model that it has names for (kind_of).
    rows: the table. numerics: what the format's own code computes with, by the names of our options where they exist;
    shown: those of them that shapes show. spellings: (pattern, replacement) of older and newer names. class_row: does the
    position table begin with the class token's row? None: files differ. config: reads a config.json (config.py).
    """

    def __init__(self, name, *, mark, kinds, rows, numerics=(), spellings=(), class_row=True, shown=(), config=None):
        self.name, self.mark, self.kinds, self.numerics = name, re.compile(mark), kinds, dict(numerics)
        self.spellings, self.class_row, self.shown, self.config = spellings, class_row, shown, config
        self.rows = [
            (pattern(ours + suffix), theirs + ending, conversion, parts)
            for ours, (theirs, form, *parts) in rows.items()
            for suffix, (ending, conversion) in form.items()
        ]

    def lookup(self, ours: str) -> Stored | None:
        """How one of our parameters is stored, or None if the format has no name for it."""
        for known, theirs, conversion, parts in self.rows:
            if match := known.fullmatch(ours):
                numbers = {letter: int(number) for letter, number in match.groupdict().items()}
                numbers |= {letter.upper(): number + 1 for letter, number in numbers.items()}
                return Stored([theirs.format(part=part, **numbers) for part in parts or [""]], conversion)
        return None

    def to_file(self, state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
        """Our parameters under the file's names, in the file's shapes; the format must have names for all of them."""
        tensors = {}
        for ours, tensor in state.items():
            names, conversion = self.lookup(ours)
            parts = tensor.chunk(len(names))
            tensors |= {name: conversion.to_file(part, model) for name, part in zip(names, parts, strict=True)}
        return tensors

    def from_file(self, ours: str, tensors: Sequence[Tensor]) -> Tensor:
        """One of our parameters from the tensors under its names in the file."""
        parts = [self.lookup(ours).conversion.from_file(tensor) for tensor in tensors]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def spelled(self, name: str) -> str:
        """A name in the file as this table spells it."""
        for known, replacement in self.spellings:
            name = re.sub(known, replacement, name)
        return name


class OurLayout(Layout):
    """This project's format: names and shapes are those of the model."""

    def lookup(self, ours: str) -> Stored:
        return Stored([ours], Conversion())


def pattern(ours: str) -> re.Pattern:
    """'blocks.{b}.norm1' as a regular expression with a group for the number."""
    return re.compile(re.sub(r"\\\{(\w)\\\}", r"(?P<\1>\\d+)", re.escape(ours)))


def kind_of(model: nn.Module) -> str:
    """The kind of model: what a layout must have names for."""
    if type(model) is Hybrid:
        return "hybrid" if len(model.stem.stages) else "hybrid of the root only"
    # A subclass may compute something else under the same names, so only our own format stores it.
    kinds = {ViT: "ViT", ResNet: "BiT ResNet", AxialViT: "axial ViT", AxialResNet: "axial ResNet"}
    return kinds.get(type(model), "other class")
