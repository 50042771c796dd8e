"""The layout of a file, recognised by the names of its tensors; the file's own name does not matter."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.config import config_beside
from vit.weights.config_outputs import outputs_beside
from vit.weights.container import read_tensors
from vit.weights.file import File, few
from vit.weights.hugging_face import HUGGING_FACE, HUGGING_FACE_BIT
from vit.weights.layout import OurLayout
from vit.weights.metadata import KEY, from_metadata, outputs_in
from vit.weights.official import BIG_VISION, BIG_VISION_BIT, BIT, OFFICIAL
from vit.weights.prefix import select_model
from vit.weights.timm import TIMM, TIMM_BIT, TIMM_HIDDEN, TIMM_ROOT
from vit.weights.torchvision import TORCHVISION
from vit.weights.unsupported import refuse, without_pretraining

OURS = OurLayout(
    "weights of this project",
    mark=r"embedding\.weight|blocks\.\d+\.(attention|row|column)\..*|(stem\.)?(root\.weight|stages\.\d+\.\d+\..*)",
    kinds=("ViT", "hybrid", "hybrid of the root only", "BiT ResNet", "axial ViT", "axial ResNet", "other class"),
    rows={},
)
LAYOUTS = (  # in this order: the first layout whose mark matches a name is the file's
    *(BIG_VISION, OFFICIAL, BIT, BIG_VISION_BIT, HUGGING_FACE, HUGGING_FACE_BIT, TORCHVISION),
    *(TIMM_HIDDEN, TIMM_ROOT, TIMM, TIMM_BIT, OURS),
)
PREFIXES = ("opt/target/", "params/img/", "params/")  # of parameters saved with an optimizer or a text tower
BESIDE = ("opt/", "params/", "extra/")  # prefixes of what is saved with them


def recognise(path: Path | str, entry: str | None = None) -> File:
    """Read the whole file and check its values. entry: of a file with several models, the key of one.

    UserError for a file that holds no weights of a known layout.
    """
    path = Path(path)
    tensors, metadata, others = read_tensors(path)
    try:
        tensors, dropped, notes = find_model(tensors, others, entry)
    except ValueError as error:
        raise UserError(f"{name_of(path)}: {error}") from None
    layout = next(layout for layout in LAYOUTS if any(map(layout.mark.fullmatch, tensors)))
    file = File(path, layout, {layout.spelled(name): tensor for name, tensor in tensors.items()}, None, dropped, notes)
    if len(file.tensors) < len(tensors):
        raise file.error("duplicate parameters: the same name in an older and a newer spelling")
    file.made_with, file.images = stated_by_us(file, metadata)
    check_values(file)
    try:
        file.stated, unread = config_beside(path, layout)
        file.notes += unread
        file.outputs = outputs_in(metadata) | outputs_beside(path, layout)
    except ValueError as error:
        raise file.error(str(error)) from None
    return file


def find_model(
    tensors: Mapping[str, Tensor], others: Sequence[str], entry: str | None
) -> tuple[dict[str, Tensor], list[str], list[str]]:
    """({name: tensor} of one model of a known layout, names of all else, sentences). ValueError if there is none."""
    tensors, dropped = unwrapped(tensors)
    tensors, beside, notes = select_model(unstacked(tensors), others, layouts=LAYOUTS, entry=entry)
    tensors, left_out = without_pretraining(tensors)
    refuse(tensors)
    if not any(layout.mark.fullmatch(name) for layout in LAYOUTS for name in tensors):
        seen = f"names such as {few(list(tensors))}" if tensors else "no tensors"
        expected = ", ".join(layout.name for layout in LAYOUTS)
        raise ValueError(f"no weights of a known model ({seen}); expected one of: {expected}")
    return tensors, dropped + beside + left_out, notes


def unwrapped(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """The parameters without the PREFIXES that they share, and the names of what is saved beside them."""
    for prefix in PREFIXES:
        inside = {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        if inside:
            beside = [name for name in tensors if name not in inside and name.startswith(BESIDE)]
            others = {n: tensor for n, tensor in tensors.items() if n not in inside and n not in beside}
            parameters, dropped = unwrapped({n.removeprefix(prefix): tensor for n, tensor in inside.items()})
            return parameters | others, beside + dropped
    return tensors, []


def unstacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One tensor a block: big_vision's scan=True stacks those of all blocks along a leading axis."""
    blocks = {}
    for name, tensor in tensors.items():
        if match := re.fullmatch(r"Transformer/encoderblock/(.*)", name):
            blocks |= {f"Transformer/encoderblock_{b}/{match[1]}": part for b, part in enumerate(tensor)}
        else:
            blocks[name] = tensor
    return blocks


def stated_by_us(file: File, metadata: Mapping[str, str]) -> tuple[dict | None, dict | None]:
    """The arguments of create_model and the transform of images that our own files state; None for other files."""
    try:
        return from_metadata(metadata) if file.layout is OURS and KEY in metadata else (None, None)
    except ValueError as error:
        raise file.error(f"its metadata is damaged ({error})") from None


def check_values(file: File) -> None:
    """UserError unless all tensors are finite floating-point numbers."""
    for name, tensor in file.tensors.items():
        if not tensor.is_floating_point():
            raise file.error(f"{name} is {str(tensor.dtype).removeprefix('torch.')}, expected floating-point numbers")
        if not tensor.isfinite().all():
            raise file.error(f"{name} holds NaN or infinity, expected finite numbers")
