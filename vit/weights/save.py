"""save_weights: one of our models as a file of ours, of timm or of the authors'."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from vit.atomic import atomic_write
from vit.errors import UserError
from vit.models.choices import choose
from vit.paths import name_of
from vit.weights.layout import kind_of
from vit.weights.metadata import written
from vit.weights.official import BIT, OFFICIAL
from vit.weights.positions import TABLE, only_ours, sines_of
from vit.weights.recognise import OURS
from vit.weights.timm import TIMM, TIMM_BIT, TIMM_ROOT

LAYOUTS = {"ours": (OURS,), "timm": (TIMM, TIMM_ROOT, TIMM_BIT), "official": (OFFICIAL, BIT)}
PICKLED = (".pt", ".pth", ".bin")  # by these names timm expects what torch.save writes


def save_weights(model, path, format="ours", images=None):
    """Written whole or not at all: safetensors for ours, .npz for official; timm's by its name, torch's or safetensors.

    images: how those were prepared that the model is evaluated on; ours says so.
    """
    path, layout = Path(path), layout_for(model, format)
    if path.is_dir():
        raise UserError(f"{name_of(path)}: a folder; expected the name of a file")
    tensors = layout.stored(model.state_dict(), model)
    if format == "timm" and (sines := sines_of(model)) is not None:
        tensors[layout.place(TABLE).names[0]] = sines  # timm stores fixed tables too
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_write(path) as temporary:
        if format == "official":
            write_npz(tensors, temporary)
        elif format == "timm" and path.suffix in PICKLED:
            torch.save(tensors, temporary)
        else:
            save_file(tensors, str(temporary), metadata=stated(model, format, images))


def layout_for(model, format):
    """The format's layout for this kind of model, or a line that says why there is none."""
    fitting = [layout for layout in choose(LAYOUTS, format, "format") if kind_of(model) in layout.kinds]
    homeless = [name for name in model.state_dict() if fitting and fitting[0].place(name) is None]
    if not fitting or homeless or (format != "ours" and only_ours(model)):
        what = homeless[0] if homeless else "such positions" if fitting else f"an {kind_of(model)}"
        raise UserError(f"format {format!r} has no place for {what}; save it as 'ours'")
    return fitting[0]


def stated(model, format, images):
    """Metadata of a safetensors file; timm's readers want to hear that it is PyTorch's."""
    if format == "timm":
        return {"format": "pt"}
    return written(model.made_with, images)


def write_npz(tensors, path):
    with open(path, "wb") as file:
        np.savez(file, **{name: as_array(tensor) for name, tensor in tensors.items()})


def as_array(tensor):
    """bfloat16 as flax's own files have it in numpy's eyes: two bytes a number."""
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view("V2")
    return tensor.numpy()
