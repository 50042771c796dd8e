"""The values that an axis of an experiment takes, and which axis a picture can draw as a scale of numbers."""

from vit.plan.kinds import number
from vit.plan.schema import Experiment
from vit.plan.stand_ins import is_multiple


def lists_of(experiment: Experiment, axis: str) -> list[list]:
    """The values of an axis as they are stated: in the grid or in its mappings, then for each scale of `at`."""
    stated = [_names(axis, experiment.grid), *(_names(axis, grid) for grid in experiment.at.values())]
    return [values for values in stated if values]


def _names(axis: str, grid: dict) -> list:
    """None stands for a mapping that does not set the axis beside others that do."""
    own = [value.get("label") if isinstance(value, dict) else value for value in grid.get(axis, [])]
    for values in grid.values():
        mappings = [value for value in values if isinstance(value, dict)]
        own += [value.get(axis) for value in mappings] if any(axis in value for value in mappings) else []
    return own


def as_number(value: object) -> float | None:
    """0.5 for 0.5 and for the multiple "x0.5"; None for a value that is no number."""
    if is_multiple(value):
        return float(value.removeprefix("x"))
    return float(value) if number(value) else None


def numeric_axis(experiment: Experiment) -> str | None:
    """The first axis of rows and columns with several values, all of them numbers or all of them multiples."""
    for axis in (*experiment.rows, *experiment.columns):
        lists = lists_of(experiment, axis)
        several = len({str(value) for values in lists for value in values}) > 1
        if several and all(all(map(number, values)) or all(map(is_multiple, values)) for values in lists):
            return axis
    return None
