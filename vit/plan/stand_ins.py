"""What a value of the paper, or of an experiment, becomes at a scale that has values of its own."""

import re

from vit.errors import UserError
from vit.plan.kinds import number
from vit.plan.recipe_values import VALUES

MULTIPLE = re.compile(r"x(\d+(?:\.\d+)?)")  # "x0.3": that many times the value that the scale would take


def is_multiple(value: object) -> bool:
    return isinstance(value, str) and MULTIPLE.fullmatch(value) is not None


def stand_in(base: object, override: object, where: str) -> object:
    """The scale's value for `base`, the recipe's: one for all, or by a mapping from the paper's values."""
    if not isinstance(override, dict):
        return override
    if isinstance(base, list) or base not in override:
        raise UserError(f"{where}: nothing stands in for {base!r}; add it to this mapping")
    return override[base]


def of_axis(key: str, value: object, base: object, override: object, stated: str, of_scale: str) -> object:
    """The scale's value where an experiment varies it. base: the recipe's value, override: the scale's.

    A multiple multiplies the scale's value. A number that scales make smaller (VALUES[key].scaled) keeps its ratio to the
    recipe's: half the paper's learning rate is half the scale's. Everything else is taken as the experiment states it.
    stated, of_scale: file and key of value and override.
    """
    if isinstance(override, dict) and not isinstance(value, list) and value in override:
        return override[value]
    if is_multiple(value):
        return multiplied(stand_in(base, override, of_scale), value, stated)
    if not number(value) or not VALUES[key].scaled:
        return value
    at_scale = stand_in(base, override, of_scale)
    if number(base) and base and number(at_scale):
        return times(at_scale, value / base, stated)
    raise UserError(
        f"{stated}: {value!r} where the recipe has {base!r}, and {of_scale} has its own; write multiples such as x0.3,"
        " or values for this scale under `at`"
    )


def with_options(options: dict, added: dict, where: str) -> dict:
    """Options of a model with those that a further axis adds; a multiple multiplies what an axis before it has set."""
    for name, value in added.items():
        if not is_multiple(value) and options.get(name, value) != value:
            raise UserError(
                f"{where}.{name}: {value!r}, but another axis sets {options[name]!r}; one axis sets it, or this one multiplies it (x0.5)"
            )
        if is_multiple(value) and name not in options:
            raise UserError(
                f"{where}.{name}: {value} multiplies what another axis sets before it, and none does; write a number, or add such an axis"
            )
        options = {**options, name: multiplied(options[name], value, where) if is_multiple(value) else value}
    return options


def multiplied(value: object, multiple: str, where: str) -> object:
    """value x 0.3 for the multiple "x0.3"."""
    return times(value, float(multiple.removeprefix("x")), where)


def times(value: object, factor: float, where: str) -> object:
    """value x factor; of a list, each of it. A whole number stays one."""
    if isinstance(value, list):
        return [times(element, factor, where) for element in value]
    if not number(value):
        raise UserError(f"{where}: x{factor:g} multiplies numbers, and this value is {value!r}")
    if value == 0 and factor != 1:
        raise UserError(f"{where}: x{factor:g} of 0 is 0 again; state values instead of multiples")
    return max(1, round(value * factor)) if isinstance(value, int) else float(f"{value * factor:.6g}")
