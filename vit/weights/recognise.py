"""Which of the known layouts a file has: told by the names in it, never by the file's own name."""

import re
from pathlib import Path

from vit.errors import UserError
from vit.plan.files import name_of
from vit.weights.config import beside
from vit.weights.container import read_tensors
from vit.weights.file import File, few
from vit.weights.hugging_face import HUGGING_FACE
from vit.weights.layout import OwnLayout
from vit.weights.metadata import KEY, parts
from vit.weights.official import BIG_VISION, BIG_VISION_BIT, BIT, OFFICIAL
from vit.weights.timm import TIMM, TIMM_BIT, TIMM_FC_NORM, TIMM_HIDDEN, TIMM_ROOT
from vit.weights.torchscript import refuse_torchscript

OURS = OwnLayout(
    "weights of this project",
    mark=r"embedding\.weight|blocks\.\d+\.(attention|row|column)\..*|root\.weight|stages\.\d+\.\d+\..*",
    kinds=("ViT", "hybrid", "hybrid of the root only", "BiT ResNet", "axial ViT", "axial ResNet"),
    rows={},
)
LAYOUTS = (  # the first with a name that fits its mark is taken
    *(BIG_VISION, OFFICIAL, BIT, BIG_VISION_BIT, HUGGING_FACE),
    *(TIMM_HIDDEN, TIMM_FC_NORM, TIMM_ROOT, TIMM, TIMM_BIT, OURS),
)
PREFIXES = ("opt/target/", "params/img/", "params/")  # of parameters saved with an optimizer or a text tower
BESIDE = ("opt/", "params/", "extra/")  # where such things lie


def recognised(path):
    """The File at a path, all of it read, its values checked."""
    path = Path(path)
    refuse_torchscript(path)
    tensors, metadata = read_tensors(path)
    tensors, dropped = unwrapped(tensors)
    tensors = unstacked(tensors)
    layout = next((one for one in LAYOUTS if any(map(one.mark.fullmatch, tensors))), None)
    if layout is None:
        expected = ", ".join(one.name for one in LAYOUTS)
        found = f"names as {few(list(tensors))}" if tensors else "nothing in it"
        raise UserError(f"{name_of(path)}: no weights of a known model ({found}); expected one of: {expected}")
    file = File(path, layout, {layout.spelled(name): tensor for name, tensor in tensors.items()}, None, dropped)
    if len(file.tensors) < len(tensors):
        raise file.wrong("some parameters are there twice, under two spellings of one name")
    file.made_with = stated(file, metadata)
    check_values(file)
    try:
        file.stated, file.notes = beside(path, layout)
    except ValueError as error:
        raise file.wrong(str(error)) from None
    return file


def unwrapped(tensors):
    """The parameters without the prefix that they share, and the names of what lies beside them."""
    for prefix in PREFIXES:
        inside = {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        if inside:
            beside = [name for name in tensors if name not in inside and name.startswith(BESIDE)]
            others = {n: tensor for n, tensor in tensors.items() if n not in inside and n not in beside}
            parameters, dropped = unwrapped({n.removeprefix(prefix): tensor for n, tensor in inside.items()})
            return parameters | others, beside + dropped
    return tensors, []


def unstacked(tensors):
    """big_vision's scan=True stores all blocks as one, with a leading axis."""
    blocks = {}
    for name, tensor in tensors.items():
        if found := re.fullmatch(r"Transformer/encoderblock/(.*)", name):
            blocks |= {f"Transformer/encoderblock_{b}/{found[1]}": part for b, part in enumerate(tensor)}
        else:
            blocks[name] = tensor
    return blocks


def stated(file, metadata):
    """The arguments of create_model that our own files state."""
    try:
        return parts(metadata)[0] if file.layout is OURS and KEY in metadata else None
    except ValueError as error:
        raise file.wrong(f"its metadata is damaged ({error})") from None


def check_values(file):
    for name, tensor in file.tensors.items():
        if not tensor.is_floating_point():
            raise file.wrong(f"{name} is {str(tensor.dtype).removeprefix('torch.')}, expected floating-point numbers")
        if not tensor.isfinite().all():
            raise file.wrong(f"{name} holds NaN or infinity, expected finite numbers")
