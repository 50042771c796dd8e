"""Which of the known layouts a file has: told by the names in it, never by the file's own name."""

import re
from pathlib import Path

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.config import beside
from vit.weights.container import read_tensors
from vit.weights.file import File, few
from vit.weights.hugging_face import HUGGING_FACE, HUGGING_FACE_BIT
from vit.weights.layout import OwnLayout
from vit.weights.metadata import KEY, parts
from vit.weights.official import BIG_VISION, BIG_VISION_BIT, BIT, OFFICIAL
from vit.weights.prefix import one_model
from vit.weights.timm import TIMM, TIMM_BIT, TIMM_HIDDEN, TIMM_ROOT
from vit.weights.torchvision import TORCHVISION
from vit.weights.unsupported import refuse, without_pretraining

OURS = OwnLayout(
    "weights of this project",
    mark=r"embedding\.weight|blocks\.\d+\.(attention|row|column)\..*|(stem\.)?(root\.weight|stages\.\d+\.\d+\..*)",
    kinds=("ViT", "hybrid", "hybrid of the root only", "BiT ResNet", "axial ViT", "axial ResNet"),
    rows={},
)
LAYOUTS = (  # the first with a name that fits its mark is taken
    *(BIG_VISION, OFFICIAL, BIT, BIG_VISION_BIT, HUGGING_FACE, HUGGING_FACE_BIT, TORCHVISION),
    *(TIMM_HIDDEN, TIMM_ROOT, TIMM, TIMM_BIT, OURS),
)
PREFIXES = ("opt/target/", "params/img/", "params/")  # of parameters saved with an optimizer or a text tower
BESIDE = ("opt/", "params/", "extra/")  # where such things lie


def recognised(path, entry=None):
    """The File at a path, all of it read, its values checked; `entry` names one model of several in the file."""
    path = Path(path)
    tensors, metadata, others = read_tensors(path)
    try:
        tensors, dropped, notes = model_in(tensors, others, entry)
    except ValueError as error:
        raise UserError(f"{name_of(path)}: {error}") from None
    layout = next(one for one in LAYOUTS if any(map(one.mark.fullmatch, tensors)))
    file = File(path, layout, {layout.spelled(name): tensor for name, tensor in tensors.items()}, None, dropped, notes)
    if len(file.tensors) < len(tensors):
        raise file.wrong("some parameters are there twice, under two spellings of one name")
    file.made_with = stated(file, metadata)
    check_values(file)
    try:
        file.stated, unread = beside(path, layout)
        file.notes += unread
    except ValueError as error:
        raise file.wrong(str(error)) from None
    return file


def model_in(tensors, others, entry):
    """({name: tensor} of one model of a known layout, names of all else, sentences). ValueError where there is none."""
    tensors, dropped = unwrapped(tensors)
    tensors, beside, notes = one_model(unstacked(tensors), others, layouts=LAYOUTS, entry=entry)
    tensors, left_out = without_pretraining(tensors)
    refuse(tensors)
    if not any(layout.mark.fullmatch(name) for layout in LAYOUTS for name in tensors):
        seen = f"names as {few(list(tensors))}" if tensors else "nothing in it"
        expected = ", ".join(layout.name for layout in LAYOUTS)
        raise ValueError(f"no weights of a known model ({seen}); expected one of: {expected}")
    return tensors, dropped + beside + left_out, notes


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
