"""Every model of the paper by its name: create_model("R50+ViT-B/16")."""

import inspect
from importlib import import_module

from vit.models.axial import AXIAL_RESNETS, AXIAL_VITS, AxialResNet, AxialViT
from vit.models.choices import choose, unknown
from vit.models.grid import ImageSize
from vit.models.hybrid import HYBRIDS, Hybrid
from vit.models.model import Model
from vit.models.resnet import RESNETS, ResNet
from vit.models.vit import SIZES, ViT

__all__ = ["MODELS", "arguments_of", "create_model", "lookup"]

# size/patch of the paper and of the authors' released models; `lookup` takes any other patch size too
VITS = {
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
MODELS = {name: (family, sizes) for family, names in FAMILIES.items() for name, sizes in names.items()}


def create_model(name: str, *, image_size: ImageSize = 224, num_classes: int = 1000, **options) -> Model:
    """A model from images (B, 3, H, W) in [-1, 1] to logits (B, C); `options` override the sizes of the name.

    Raises ValueError for an unknown name or value, TypeError for an unknown option.
    """
    family, sizes = lookup(name)
    known = arguments_of(family) - {"image_size", "num_classes"}
    for option in options.keys() - known:
        raise TypeError(unknown(f"option of {name}", option, sorted(known)))
    if "image_size" in arguments_of(family):  # ResNets have no such argument: they take images of any size
        sizes = dict(sizes, image_size=image_size)
    model = family(num_classes=num_classes, **sizes | options)
    model.made_with = {"name": name, "image_size": image_size, "num_classes": num_classes, **options}
    return model


def lookup(name: str) -> tuple[type[Model], dict]:
    """Class and sizes of a model's name; the patch size of a ViT is free (ViT-B/13).

    A class path is a class of one's own, with the sizes of the name behind @ if there is one: my_model.MyViT@ViT-B/16.
    """
    path, _, sizes = name.partition("@")
    if "." in path:
        return class_of(path), lookup(sizes)[1] if sizes else {}
    size, _, patch = name.removeprefix("ViT-").partition("/")
    if name.startswith("ViT-") and size in SIZES and patch.isdecimal():
        return ViT, dict(SIZES[size], patch=int(patch))
    return choose(MODELS, name, "model")


def class_of(path: str) -> type[Model]:
    """A class by its path; ValueError if there is none."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"no model '{path}': {error}") from None


def arguments_of(family: type[Model]) -> set[str]:
    """Names of the keyword-only arguments of a class and its base classes."""
    # Hybrid, AxialViT and AxialResNet hand **vit or **resnet on, so one signature alone does not list them all.
    parameters = (p for base in family.__mro__ for p in inspect.signature(base.__init__).parameters.values())
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
