"""Every model of the paper by the paper's own name: create_model("R50+ViT-B/16")."""

import inspect

from vit.models.axial import AXIAL_RESNETS, AXIAL_VITS, AxialResNet, AxialViT
from vit.models.choices import choose, unknown
from vit.models.hybrid import HYBRIDS, Hybrid
from vit.models.resnet import RESNETS, ResNet
from vit.models.vit import SIZES, ViT

__all__ = ["MODELS", "create_model"]

FAMILIES = {
    ViT: {f"ViT-{size}/{patch}": dict(patch=patch, **sizes) for size, sizes in SIZES.items() for patch in (8, 14, 16, 32)},
    Hybrid: HYBRIDS,
    ResNet: RESNETS,
    AxialViT: AXIAL_VITS,
    AxialResNet: AXIAL_RESNETS,
}
MODELS = {name: (family, arguments) for family, names in FAMILIES.items() for name, arguments in names.items()}


def create_model(name, *, image_size=224, num_classes=1000, **options):
    """The named model, a module from images (B, 3, H, W) in [-1, 1] to logits (B, C); options replace its sizes."""
    family, arguments = choose(MODELS, name, "model")
    known = arguments_of(family) - {"image_size", "num_classes"}
    for option in options.keys() - known:
        raise TypeError(unknown(f"option of {name}", option, sorted(known)))
    if "image_size" in arguments_of(family):  # a ResNet takes any size
        arguments = dict(arguments, image_size=image_size)
    return family(num_classes=num_classes, **arguments | options)


def arguments_of(family):
    """The keyword-only arguments of a class and of the classes that it extends."""
    parameters = (p for part in family.__mro__ for p in inspect.signature(part.__init__).parameters.values())
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
