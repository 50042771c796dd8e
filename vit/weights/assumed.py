"""What shapes do not show, such as heads and epsilons: read from a config.json beside the file, otherwise assumed and reported."""

from collections.abc import Mapping

from torch import nn

from vit.models.encoder_block import Attention
from vit.models.hybrid import SameConv
from vit.models.pool import AttentionPool, MeanPool, TokenPool
from vit.models.resnet import ROOT_PADDING, ResNet, StandardConv
from vit.models.standardise import EPS
from vit.models.vit import ViT
from vit.weights.file import File

NUMERICS = ("gelu", "norm_eps", "root_padding", "kernel_eps", "group_norm_eps", "pool", "pool_norm")
CHOICES = ("pool", "pool_norm")  # may differ from the file's: a model for another task pools in another way
GELU = {"none": "erf", "tanh": "tanh"}
PADDING = {value: name for name, value in ROOT_PADDING.items()}
COMPUTED = (  # the first module of a class shows what the whole model computes with
    ("root_padding", ResNet, lambda module: PADDING[module.root_padding]),
    ("heads", Attention, lambda module: module.heads),
    ("gelu", nn.GELU, lambda module: GELU[module.approximate]),
    ("norm_eps", nn.LayerNorm, lambda module: module.eps),
    ("kernel_eps", SameConv, lambda module: f"{EPS} on the deviation"),
    ("kernel_eps", StandardConv, lambda module: "1e-10 on the variance"),
    ("group_norm_eps", nn.GroupNorm, lambda module: module.eps),
    ("pool", TokenPool, lambda module: "token"),
    ("pool", MeanPool, lambda module: "gap"),
    ("pool", AttentionPool, lambda module: "map"),
)


def computed(model: nn.Module) -> dict:
    """{name: value} of what a model computes with and no shape shows; most names are options of create_model."""
    values = {}
    for name, kind, value in COMPUTED:
        module = next((module for module in model.modules() if isinstance(module, kind)), None)
        values |= {} if module is None else {name: value(module)}
    # the usual order is no assumption worth a line in every report
    return values | ({"pool_norm": "after"} if getattr(model, "norm_after", False) else {})


def fit_assumed(file: File, model: nn.Module, report) -> None:
    """UserError if a config.json contradicts the model. What it does not state is assumed: the layout's, else the model's."""
    values = computed(model)
    check_stated(file, values | ({"patch": model.patch} if type(model) is ViT else {}))
    unstated = [name for name in values if name not in file.stated and name not in file.layout.shown]
    assumed = {name: file.layout.numerics.get(name, values[name]) for name in unstated}
    report.assumed += [f"{name}={value!r}" for name, value in assumed.items()]
    compare(assumed | {name: file.stated[name] for name in CHOICES if name in file.stated}, values, report)


def check_stated(file: File, values: Mapping) -> None:
    """UserError with the options to set if a config.json states other values than the model's."""
    wrong = [name for name in values if name not in CHOICES and file.stated.get(name, values[name]) != values[name]]
    if wrong:
        stated, actual = (", ".join(f"{name}={of[name]!r}" for name in wrong) for of in (file.stated, values))
        raise file.error(f"its config.json says {stated}, the model has {actual}; make the model with {stated}")


def compare(made_for: Mapping, values: Mapping, report) -> None:
    """Note other numerics in the report. They are no error: using them may be intended."""
    report.notes += [
        f"made for {name}={made_for[name]!r}, the model has {values[name]!r}"
        for name in NUMERICS
        if name in made_for and name in values and made_for[name] != values[name]
    ]
