"""save_weights: one of our models as a file in our format, timm's or the authors'."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vit.atomic import atomic_write
from vit.errors import UserError
from vit.models.choices import choose
from vit.paths import name_of
from vit.weights.layout import Layout, kind_of
from vit.weights.metadata import to_metadata
from vit.weights.official import BIT, OFFICIAL
from vit.weights.position_tables import TABLE, only_ours, sines_of
from vit.weights.recognise import OURS
from vit.weights.timm import TIMM, TIMM_BIT, TIMM_ROOT

LAYOUTS = {"ours": (OURS,), "timm": (TIMM, TIMM_ROOT, TIMM_BIT), "official": (OFFICIAL, BIT)}
PICKLED = (".pt", ".pth", ".bin")  # suffixes under which timm expects what torch.save writes


def save_weights(
    model: nn.Module,
    path: Path | str,
    format: str = "ours",
    images: dict | None = None,
    outputs: dict | None = None,
) -> None:
    """Write the model's weights atomically.

    format: 'ours' writes safetensors, 'official' .npz, 'timm' safetensors or, by the path's suffix, torch.save's format.
    For the metadata of 'ours': images, the transform of the images that the model is evaluated on; outputs, the loss that
    the head was trained with and the class_names of its outputs.
    """
    path, layout = Path(path), layout_for(model, format)
    if path.is_dir():
        raise UserError(f"{name_of(path)}: a folder; expected the name of a file")
    tensors = layout.to_file(model.state_dict(), model)
    if format == "timm" and (sines := sines_of(model)) is not None:
        tensors[layout.lookup(TABLE).names[0]] = sines  # timm stores fixed tables too
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_write(path) as temporary:
        if format == "official":
            write_npz(tensors, temporary)
        elif format == "timm" and path.suffix in PICKLED:
            torch.save(tensors, temporary)
        else:
            save_file(tensors, str(temporary), metadata=metadata_for(model, format, images, outputs))


def layout_for(model: nn.Module, format: str) -> Layout:
    """The format's layout for this kind of model. UserError if it has no name for one of its parameters."""
    fitting = [layout for layout in choose(LAYOUTS, format, "format") if kind_of(model) in layout.kinds]
    if not fitting:
        raise UserError(f"format {format!r} cannot store an {kind_of(model)}; save it as 'ours'")
    unnamed = [name for name in model.state_dict() if fitting[0].lookup(name) is None]
    if unnamed:
        raise UserError(f"format {format!r} cannot store {unnamed[0]}; save it as 'ours'")
    if format != "ours" and only_ours(model):
        raise UserError(f"format {format!r} cannot store this position embedding; save it as 'ours'")
    # the tensors would not show it: they are those of a model with the norm before the mean
    if format != "ours" and getattr(model, "norm_after", False):
        raise UserError(f"format {format!r} cannot store a norm after the mean over tokens; save it as 'ours'")
    return fitting[0]


def metadata_for(model: nn.Module, format: str, images: dict | None, outputs: dict | None) -> dict[str, str] | None:
    """Metadata of a safetensors file; Hugging Face's readers require the key "format" of files for PyTorch."""
    if format == "timm":
        return {"format": "pt"}
    return to_metadata(model.made_with, images, outputs)


def write_npz(tensors: dict[str, Tensor], path: Path) -> None:
    with open(path, "wb") as file:
        np.savez(file, **{name: as_array(tensor) for name, tensor in tensors.items()})


def as_array(tensor: Tensor) -> np.ndarray:
    """bfloat16 as two bytes a number (V2), which is how numpy loads flax's files."""
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view("V2")
    return tensor.numpy()
