"""Every model of the paper by the paper's own name: create_model("R50+ViT-B/16")."""

import inspect

from vit.models.axial import AXIAL_RESNETS, AXIAL_VITS, AxialResNet, AxialViT
from vit.models.choices import choose, unknown
from vit.models.hybrid import HYBRIDS, Hybrid
from vit.models.resnet import RESNETS, ResNet
from vit.models.vit import SIZES, ViT

__all__ = ["MODELS", "create_model"]

VITS = {  # size/patch: those of the paper and of the authors' released models, others go by the same rule
    f"ViT-{size}/{patch}": dict(patch=patch, **SIZES[size])
    for size, patches in {"Ti": (16,), "S": (32, 16), "B": (32, 16, 8), "L": (32, 16), "H": (14,)}.items()
    for patch in patches
}
FAMILIES = {
    ViT: VITS,
    Hybrid: HYBRIDS,
    ResNet: RESNETS,
    AxialViT: AXIAL_VITS,
    AxialResNet: AXIAL_RESNETS,
}
MODELS = {name: (family, arguments) for family, names in FAMILIES.items() for name, arguments in names.items()}


def create_model(name, *, image_size=224, num_classes=1000, **options):
    """The named model, a module from images (B, 3, H, W) in [-1, 1] to logits (B, C); options replace its sizes."""
    family, arguments = lookup(name)
    known = arguments_of(family) - {"image_size", "num_classes"}
    for option in options.keys() - known:
        raise TypeError(unknown(f"option of {name}", option, sorted(known)))
    if "image_size" in arguments_of(family):  # a ResNet takes any size
        arguments = dict(arguments, image_size=image_size)
    model = family(num_classes=num_classes, **arguments | options)
    model.made_with = {"name": name, "image_size": image_size, "num_classes": num_classes, **options}
    return model


def lookup(name):
    """Class and arguments of a name; a ViT may have any patch size."""
    size, _, patch = name.removeprefix("ViT-").partition("/")
    if name.startswith("ViT-") and size in SIZES and patch.isdecimal():
        return ViT, dict(SIZES[size], patch=int(patch))
    return choose(MODELS, name, "model")


def arguments_of(family):
    """The keyword-only arguments of a class and of the classes that it extends."""
    parameters = (p for part in family.__mro__ for p in inspect.signature(part.__init__).parameters.values())
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
