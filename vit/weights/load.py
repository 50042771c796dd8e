"""load_weights and restore_file: a file of any format that this package knows, into one of our models."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from vit.models import create_model
from vit.models.choices import choose
from vit.weights.assumed import fit_assumed
from vit.weights.file import File, few
from vit.weights.head import HEAD, HIDDEN, LINEAR, fit_head, renew_head, stored
from vit.weights.images import fit_images
from vit.weights.layout import kind_of
from vit.weights.ours import fit_made_with
from vit.weights.position_tables import fit_positions, only_ours
from vit.weights.recognise import OURS, recognise

HEADS = {"auto": "the file's if it fits, else zeros", "keep": "the file's", "zero": "zeros"}


@dataclass
class Report:
    """What load_weights did: names of our parameters (loaded, zeroed) and of the file's (dropped), sentences (resized, notes).

    assumed: what neither the file nor a config.json beside it states.
    """

    source: str
    loaded: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    zeroed: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self):
        parts = [f"loaded {len(self.loaded)} parameters"]
        parts += [f"resized {few(self.resized)}"] if self.resized else []
        parts += [f"dropped {few(self.dropped)}"] if self.dropped else []
        parts += [f"zeroed {few(self.zeroed)}"] if self.zeroed else []
        parts += [f"assumed (not stated by the file): {', '.join(self.assumed)}"] if self.assumed else []
        return f"{self.source}: " + "; ".join(parts + self.notes)


def load_weights(
    model: nn.Module, path: Path | str, head: str = "auto", positions: str = "bilinear", entry: str | None = None
) -> Report:
    """Load the parameters in the file at `path` into the model. On a UserError the model is unchanged.

    head: 'auto' keeps the file's head if it fits the model's and zeroes the model's otherwise; 'keep' requires that it
    fits; 'zero' zeroes it. positions: how a position table of another grid is resized, 'bilinear' as in the authors' code
    or 'bicubic'. entry: of a file with several models, the key of the one to load ('student'); by default the one that its
    authors evaluate.
    """
    choose(HEADS, head, "head")
    file = recognise(path, entry)
    check_kind(file, model)
    report = Report(f"{file.path.name} ({file.layout.name})", dropped=file.dropped, notes=file.notes)
    if file.made_with is None:
        fit_assumed(file, model, report)
    else:
        fit_made_with(file, model, report, positions)
    fit_positions(file, model, report, positions)
    kept = fit_head(file, model, head, report)
    state = translated(file, model, kept)
    if file.made_with is None:
        fit_images(state, file, model, report)
    # From here on nothing raises a UserError: the model changes as a whole or not at all.
    model.load_state_dict(model.state_dict() | state)
    renew_head(model, kept, report)
    report.loaded += state
    return report


def restore_file(name: str, path: Path | str, *, image_size: int, **options) -> tuple[nn.Module, Report]:
    """The named model with all of the file's weights and a head of the file's sizes; options: those of create_model.

    Few-shot evaluation needs the hidden layer of a pre-training head.
    """
    model = create_model(name, image_size=image_size, **options, **head_sizes(recognise(path)))
    return model, load_weights(model, path)


def head_sizes(file: File) -> dict[str, int]:
    """The arguments of create_model for a head of the file's sizes; empty if the file has no head."""
    sizes = {"head_hidden": HIDDEN[1], "num_classes": LINEAR[1]}  # a bias has as many numbers as its layer has outputs
    return {size: file.tensors[file.name(bias)].numel() for size, bias in sizes.items() if stored(file, [bias])}


def check_kind(file: File, model: nn.Module) -> None:
    """UserError for another architecture, whose names would all differ: a comparison of them would fill a screen.

    Also for parts that the file's format has no names for, such as registers.
    """
    if kind_of(model) not in file.layout.kinds:
        raise file.error(f"expected weights of {model_name(model)}, a {kind_of(model)}")
    if file.layout is not OURS and only_ours(model):
        raise file.error(f"the position embedding of {model_name(model)} exists only in weights of this project")
    if unnamed := [name for name in model.state_dict() if name not in HEAD and file.layout.lookup(name) is None]:
        raise file.error(f"it has no name for {few(unnamed)} of {model_name(model)}; load weights of this project")


def translated(file: File, model: nn.Module, kept: Sequence[str]) -> dict[str, Tensor]:
    """Our parameters from the file's. UserError unless they correspond one to one, in equal shapes.

    kept: the parameters of the head that are loaded.
    """
    wanted = {name: tensor for name, tensor in model.state_dict().items() if name not in HEAD or name in kept}
    if differences := file.differences(wanted, model):
        raise file.error(f"does not fit {model_name(model)}: {differences}")
    known = file.layout.to_file(wanted, model)
    if unused := [name for name in file.tensors if name not in known]:
        raise file.error(f"does not fit {model_name(model)}, which has no {few(unused)}")
    return {name: file.parameter(name, tensor, model) for name, tensor in wanted.items()}


def model_name(model: nn.Module) -> str:
    return model.made_with["name"] if model.made_with else f"this {type(model).__name__}"
