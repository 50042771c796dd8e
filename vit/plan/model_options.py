"""Options of create_model that a scale or an experiment may give a model, known here without torch; a test compares them."""

import re

from vit.errors import UserError
from vit.plan.kinds import BOOL, COUNT, COUNTS, POSITIVE, SHARE, WHOLE, Kind, one_of
from vit.plan.yaml_files import check_keys

ENCODER = {
    **{name: COUNT for name in ("patch", "width", "depth", "heads", "mlp")},
    "position": one_of("none", "1d", "2d", "relative", "sincos2d"),
    "position_at": one_of("stem", "every", "shared"),
    "pool": one_of("token", "gap", "map"),
    "pool_norm": one_of("before", "after"),
    "head_hidden": COUNT.or_null,
    "dropout": SHARE,
    "gelu": one_of("tanh", "erf"),
    "norm_eps": POSITIVE,
    "registers": WHOLE,
    "drop_path": SHARE,
    "layer_scale": POSITIVE.or_null,
    "qk_norm": BOOL,
}
AXIAL = {  # neither a class token nor a register fits the grid
    **ENCODER,
    "pool": one_of("gap", "map"),
    "registers": Kind(lambda value: value == 0, "0, as a register fits no grid,"),
}
RESNET = {"units": COUNTS, "width_factor": POSITIVE, "root_padding": one_of("zero", "inf")}
FAMILIES = {  # how a model's name begins -> its options
    r"ViT-": ENCODER,
    r"R\d*\+ViT-": {**ENCODER, "units": COUNTS, "stem_width": POSITIVE},
    r"ResNet\d": RESNET,
    r"Axial-ViT-": AXIAL,
    r"AxialResNet\d": {**RESNET, "heads": COUNT},
}


def options_of(model: str) -> dict[str, Kind] | None:
    """Option -> what it may be; None for a model of no known family."""
    return next((options for start, options in FAMILIES.items() if re.match(start, model)), None)


def check_options(model: str, options: object, where: str) -> None:
    """UserError for an option that the model does not have, or a value that it cannot be."""
    if not isinstance(options, dict):
        raise UserError(f"{where}: a mapping from options of the model to values was expected, found {options!r}")
    known = options_of(model) if "." not in model else None
    if known is None:
        return
    check_keys(options, known, where)
    for name, value in options.items():
        if not known[name].fits(value):
            raise UserError(f"{where}.{name}: {known[name].expected} was expected, found {value!r}")
    if options.get("width", 0) % options.get("heads", 1):
        raise UserError(f"{where}: width {options['width']} is not divisible by {options['heads']} heads")
