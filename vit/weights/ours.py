"""Files of ours: the arguments of create_model that they state, compared with those of the model."""

import inspect

import torch
from torch import nn

from vit.models import create_model, lookup
from vit.models.grid import pair
from vit.weights.assumed import compare, computed
from vit.weights.file import File

STRUCTURE = ("heads", "position_at")  # change no shape, but make another architecture


def fit_made_with(file: File, model: nn.Module, report, mode: str) -> None:
    """Compare the file's arguments with the model's; resize the file's weights to the model's image size.

    A model without a name, which create_model did not make, is compared by what it computes with and not resized.
    """
    expected = arguments(model.made_with) if model.made_with else computed(model)
    stated = stated_arguments(file)
    for name in STRUCTURE:
        if name in expected and stated.get(name) != expected[name]:
            raise file.error(f"has {name}={stated.get(name)!r}, expected {expected[name]!r}")
    compare(stated, expected, report)
    if model.made_with and pair(stated["image_size"]) != pair(expected["image_size"]):
        resize(file, expected["image_size"], report, mode)


def arguments(made_with: dict) -> dict:
    """The arguments of create_model, with the sizes that the name stands for and the constructors' defaults."""
    family, sizes = lookup(made_with["name"])
    parameters = [p for part in reversed(family.__mro__) for p in inspect.signature(part.__init__).parameters.values()]
    return {p.name: p.default for p in parameters} | sizes | made_with


def stated_arguments(file: File) -> dict:
    """The file's arguments, completed. UserError if its metadata names no model or no image size."""
    try:
        stated = arguments(file.made_with)
        pair(stated["image_size"])
    except (TypeError, ValueError, KeyError) as error:
        raise file.error(f"its metadata states no arguments of create_model ({error})") from None
    return stated


def resize(file: File, image_size, report, mode: str) -> None:
    """Resize a model of the file's own image size, in which every kind of position has its own rule for that."""
    try:
        with torch.device("meta"):
            source = create_model(**file.made_with)
        source.load_state_dict(file.tensors, assign=True)
    except (
        TypeError,
        ValueError,
        KeyError,
        AttributeError,
        RuntimeError,
    ) as error:  # arguments or shapes that do not fit
        last = str(error).splitlines()[-1].strip()  # load_state_dict gives each parameter a line
        raise file.error(f"its weights do not fit its own metadata ({last})") from None
    after = source.resize_to(image_size, mode).state_dict()
    before = file.made_with["image_size"]
    report.resized += [
        f"{name} from images of {before} to images of {image_size}"
        for name, tensor in after.items()
        if tensor.shape != file.tensors[name].shape
    ]
    file.tensors = after
