"""A file of weights whose layout is known: its tensors under the names of the layout's table, compared with a model's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.layout import Layout


@dataclass
class File:
    """made_with: the arguments of create_model, which only our own files state. dropped: names that are no parameters.

    notes: how the parameters were selected, and what was not understood of a config.json beside the file. stated: what
    that config.json says. images: the transform of the images that the model is evaluated on, if a file of ours states it.
    outputs: the loss of the head and the class_names of its outputs, where they are stated.
    """

    path: Path
    layout: Layout
    tensors: dict[str, torch.Tensor]
    made_with: dict | None
    dropped: list[str]
    notes: list[str] = field(default_factory=list)
    stated: dict = field(default_factory=dict)
    images: dict | None = None
    outputs: dict = field(default_factory=dict)

    def error(self, problem: str) -> UserError:
        """The error to raise: path, layout and problem in one line."""
        return UserError(f"{name_of(self.path)}: {self.layout.name}; {problem}")

    def name(self, ours: str) -> str | None:
        """The first name under which it stores a parameter of ours, or None if its layout has no name for it."""
        stored = self.layout.lookup(ours)
        return stored and stored.names[0]

    def parameter(self, ours: str, like: Tensor, model: nn.Module) -> Tensor:
        """A parameter of ours, of the shape of `like`, from the file's tensors."""
        expected = self.layout.to_file({ours: like}, model)
        tensors = [self.tensors[name].reshape(part.shape) for name, part in expected.items()]
        return self.layout.from_file(ours, tensors)

    def differences(self, wanted: Mapping[str, Tensor], model: nn.Module) -> str:
        """Which of these parameters are missing or of another shape, for a message; '' if none."""
        expected = {name: part.shape for name, part in self.layout.to_file(wanted, model).items()}
        missing = [name for name in expected if name not in self.tensors]
        other = [
            name
            for name in expected
            if name not in missing and not same_shape(self.tensors[name].shape, expected[name])
        ]
        problems = [f"{few(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
        if other:
            shape, model_shape = shape_text(self.tensors[other[0]].shape), shape_text(expected[other[0]])
            more = f" (and {len(other) - 1} more differ)" if len(other) > 1 else ""
            problems += [f"{other[0]} is {shape}, expected {model_shape}{more}"]
        return "; ".join(problems)


def same_shape(shape: Sequence[int], expected: Sequence[int]) -> bool:
    """Equal but for leading axes of length 1, which norms and heads have in some files."""
    return without_leading_ones(shape) == without_leading_ones(expected)


def without_leading_ones(shape: Sequence[int]) -> tuple[int, ...]:
    start = next((axis for axis, length in enumerate(shape) if length != 1), len(shape))
    return tuple(shape[start:])


def shape_text(shape: Sequence[int]) -> str:
    """'4 x 4'."""
    return " x ".join(map(str, shape)) or "a single number"


def few(names: Sequence[str]) -> str:
    """'a, b, c and 3 more'."""
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
