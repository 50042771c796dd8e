"""The classes that a head's outputs stand for: as stated by a file of ours, or ImageNet's for a published head of 1,000."""

from pathlib import Path

from safetensors import safe_open
from torch import nn

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.container import read_safetensors, reader
from vit.weights.metadata import KEY, from_metadata

IMAGENET = "1,000 WordNet ids"  # sorted; data.numbering describes labels that count them in the same words


def check_classes(path: Path, model: nn.Module, images: dict) -> None:
    """UserError if the labels count other classes than the head of the model, which was loaded from `path`.

    images: their transform, with `classes` if their labels have names. Unknown classes are not compared.
    """
    labels, head = images.get("classes"), classes_of(path, model)
    if labels and head and labels != head:
        raise UserError(
            f"{name_of(path)}: its head is for the classes {head}, the labels of these images count {labels}; "
            "name the class folders as those that the head was trained on"
        )


def classes_of(path: Path, model: nn.Module) -> str | None:
    """The head's classes, in the words of `images`; None if they are unknown."""
    if path.is_file() and reader(path) is read_safetensors:
        with safe_open(path, "pt") as archive:
            metadata = archive.metadata() or {}
        if KEY in metadata:
            return (from_metadata(metadata)[1] or {}).get("classes")
    return IMAGENET if model.made_with["num_classes"] == 1000 else None
