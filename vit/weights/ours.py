"""What our own files state of themselves: the arguments of create_model, compared with those of the model."""

import inspect

import torch

from vit.models import create_model, lookup
from vit.models.grid import pair
from vit.weights.assumed import compare, computed

STRUCTURE = ("heads", "position_at")  # change no shape, but make another architecture


def fit_own(file, model, report, mode):
    """Compared with the model, and brought to its image size where create_model made it."""
    there = arguments(model.made_with) if model.made_with else computed(model)
    try:
        here = arguments(file.made_with)
        for name in STRUCTURE:
            if name in there and here.get(name) != there[name]:
                raise file.wrong(f"it has {name}={here.get(name)!r}, expected {there[name]!r}")
        compare(here, there, report)
        if model.made_with and pair(here["image_size"]) != pair(there["image_size"]):
            resize(file, there["image_size"], report, mode)
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        raise file.wrong(f"it does not fit its own metadata ({str(error).splitlines()[-1].strip()})") from None


def arguments(made_with):
    """Those of create_model, those that the name stands for, and defaults."""
    family, sizes = lookup(made_with["name"])
    parameters = [p for part in reversed(family.__mro__) for p in inspect.signature(part.__init__).parameters.values()]
    return {p.name: p.default for p in parameters} | sizes | made_with


def resize(file, image_size, report, mode):
    """By a model of the file's own size: every kind of position then changes by its own rule."""
    with torch.device("meta"):
        source = create_model(**file.made_with)
    source.load_state_dict(file.tensors, assign=True)
    after = source.resize_to(image_size, mode).state_dict()
    before = file.made_with["image_size"]
    report.resized += [
        f"{name} from images of {before} to images of {image_size}"
        for name, tensor in after.items()
        if tensor.shape != file.tensors[name].shape
    ]
    file.tensors = after
