"""The parts of an experiment and of a scale fit together: checked before anything starts, named with file and key."""

from vit import paths
from vit.errors import UserError
from vit.plan.kinds import count, number, words
from vit.plan.yaml_files import check_keys


def check_experiment(experiment, where):
    """The parts of an experiment fit together."""
    for axis, values in experiment.grid.items():
        if not isinstance(values, list) or not values:
            raise UserError(f"{where}: grid.{axis}: a list of values was expected, found {values!r}")
    axes = _axes_of(experiment.grid)
    for needed in ("model", "pretrain", "transfer"):
        if needed not in axes:
            raise UserError(f"{where}: grid: the axis '{needed}' is missing")
    _check_lists(experiment, axes, where)
    _check_conditions(experiment, where)
    _check_means(experiment, axes, where)
    for name, same in experiment.same_run.items():
        if not isinstance(same, dict) or set(same) != {"transfer", "metric"} or not words(list(same.values())):
            raise UserError(
                f"{where}: same_run.{name}: a transfer set and the name of a metric were expected, found {same!r}"
            )


def _axes_of(grid):
    """What a cell has a value of: axes that name something, and the keys of the mappings in them."""
    named = {axis for axis, values in grid.items() if any(not isinstance(v, dict) or "label" in v for v in values)}
    return named | {key for values in grid.values() for value in values if isinstance(value, dict) for key in value}


def _check_lists(experiment, axes, where):
    """rows, columns and private."""
    for key in ("rows", "columns"):
        if not isinstance(getattr(experiment, key), list) or not getattr(experiment, key):
            raise UserError(f"{where}: {key}: a list of axes was expected, found {getattr(experiment, key)!r}")
        check_keys(getattr(experiment, key), sorted(axes), f"{where}: {key}")
    if not words(experiment.private):
        raise UserError(f"{where}: private: a list of names was expected, found {experiment.private!r}")
    check_keys(experiment.private, sorted(_names_of("pretrain", experiment.grid)), f"{where}: private")


def _check_conditions(experiment, where):
    """leave_out and settings."""
    for key in ("leave_out", "settings"):
        for position, setting in enumerate(getattr(experiment, key)):
            if not isinstance(setting, dict):
                raise UserError(f"{where}: {key}[{position}]: a mapping was expected, found {setting!r}")
            _check_names(setting, experiment.grid, f"{where}: {key}[{position}]")


def _check_means(experiment, axes, where):
    for axis, labels in experiment.means.items():
        check_keys([axis], sorted(axes), f"{where}: means")
        for label, names in labels.items() if isinstance(labels, dict) else [(axis, labels)]:
            if not words(names):
                raise UserError(f"{where}: means.{axis}.{label}: a list of names was expected, found {names!r}")
            check_keys(names, experiment.grid.get(axis, []), f"{where}: means.{axis}.{label}")


def _names_of(axis, grid):
    """Every name that an axis has, in a list of its own or inside the mappings of another."""
    inside = {value[axis] for values in grid.values() for value in values if isinstance(value, dict) and axis in value}
    return inside | {value for value in grid.get(axis, []) if not isinstance(value, dict)}


def _check_names(setting, grid, where):
    """A condition that no cell can meet is a slip of the pen."""
    for axis in set(setting) & set(grid):
        names = setting[axis] if isinstance(setting[axis], list) else [setting[axis]]
        known = [value.get("label") if isinstance(value, dict) else value for value in grid[axis]]
        check_keys(names, known, f"{where}.{axis}")


def check_paper(paper, experiment, where):
    """The published numbers are where the experiment says."""
    if not number(paper.tolerance) or not number(paper.cost_tolerance):
        raise UserError(f"{where}: paper.tolerance: a number was expected, found {paper.tolerance!r}")
    axes = {
        *experiment.grid,
        *(key for values in experiment.grid.values() for v in values if isinstance(v, dict) for key in v),
    }
    check_keys(paper.match, sorted(axes), f"{where}: paper.match")
    for file in filter(None, (paper.file, paper.exact_file)):
        if not (paths.PAPER / file).exists():
            raise UserError(f"{where}: paper: results/paper/{file}: no such file")


def check_args(entry, where):
    """What a data set of a scale is made with; of one that is only tested on, there is nothing more to check."""
    if not isinstance(entry.args, dict):
        raise UserError(f"{where}: args: a mapping was expected, found {entry.args!r}")


def check_entry(entry, where):
    """One data set of a scale."""
    if not count(entry.images) or not count(entry.classes):
        raise UserError(f"{where}: images: a whole number above 0 was expected, found {entry.images!r}")
    check_args(entry, where)
    if not isinstance(entry.epochs, dict):
        raise UserError(
            f"{where}: epochs: a mapping from the paper's number to ours was expected, found {entry.epochs!r}"
        )
