"""`picture` as a mapping: panels drawn from arrays that runs left, and whose runs each of them shows."""

from vit.errors import UserError
from vit.plan.axes import lists_of
from vit.plan.inspection import PANELS
from vit.plan.yaml_files import check_keys


def check_panels(experiment, axes, where):
    """A mapping from panels to conditions on the axes: {filters: {model: ViT-L/32}}, {} for all cells."""
    check_keys(experiment.picture, PANELS, where)
    if not experiment.picture:
        raise UserError(f"{where}: one panel or more was expected ({', '.join(PANELS)}), found {{}}")
    for panel, condition in experiment.picture.items():
        if not isinstance(condition, dict):
            raise UserError(f"{where}.{panel}: a mapping from axes to names was expected, found {condition!r}")
        check_keys(condition, axes, f"{where}.{panel}")
        for axis, names in condition.items():
            known = [known for values in lists_of(experiment, axis) for known in values]
            check_keys(names if isinstance(names, list) else [names], known, f"{where}.{panel}.{axis}")
