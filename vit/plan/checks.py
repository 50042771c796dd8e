"""What a value may be, checked before anything starts: a wrong one is named with its file and key, not after an hour."""

import math

from vit.errors import UserError
from vit.plan import files


def number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def rates(value):
    """One learning rate, or a sweep of different ones."""
    if isinstance(value, list):
        return bool(value) and all(map(number, value)) and len(set(value)) == len(value)
    return number(value)


def one_or_more(kind):
    return lambda value: all(map(kind, value)) and bool(value) if isinstance(value, list) else kind(value)


def or_none(kind):
    return lambda value: value is None or kind(value)


def words(value):
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def share(value):
    return number(value) and 0 <= value < 1


def one_of(*names):
    return lambda value: value in names


VALUES = {  # value of a recipe -> (check, what is expected)
    **dict.fromkeys(("batch_size", "image_size", "steps", "seeds"), (count, "a whole number above 0")),
    "epochs": (one_or_more(number), "a number or a list of them"),
    "lr": (rates, "a number, or a list of different ones"),
    "warmup_steps": (lambda value: value == 0 or count(value), "a whole number"),
    "split_seed": (lambda value: value == 0 or count(value), "a whole number"),
    "decay": (one_of("cosine", "linear"), "cosine or linear"),
    "precision": (one_of("32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true"), "a precision of Lightning's Trainer"),
    **dict.fromkeys(("held_out", "dropout", "label_smoothing", "momentum", "beta1", "beta2"), (share, "a number from 0 to below 1")),
    "weight_decay": (number, "a number"),
    "clip_norm": (or_none(number), "a number or null"),
    "early_stopping": (or_none(count), "a whole number of updates or null"),
    "head_hidden": (or_none(one_of("width")), "width or null"),
    "augment": (words, "a list of names"),
}  # fmt: skip


def check_value(key, value, where):
    """Refuse a value that no run could use; `where` names file and place."""
    check, expected = VALUES[key]
    if not check(value):
        raise UserError(f"{where}.{key}: {expected} was expected, found {value!r}")


def check_experiment(experiment, where):
    """The parts of an experiment fit together."""
    for axis, values in experiment.grid.items():
        if not isinstance(values, list) or not values:
            raise UserError(f"{where}: grid.{axis}: a list of values was expected, found {values!r}")
    axes = {
        axis for axis, values in experiment.grid.items() if any(not isinstance(v, dict) or "label" in v for v in values)
    }
    axes |= {key for values in experiment.grid.values() for value in values if isinstance(value, dict) for key in value}
    for needed in ("model", "pretrain", "transfer"):
        if needed not in axes:
            raise UserError(f"{where}: grid: the axis '{needed}' is missing")
    for key in ("rows", "columns"):
        if not isinstance(getattr(experiment, key), list) or not getattr(experiment, key):
            raise UserError(f"{where}: {key}: a list of axes was expected, found {getattr(experiment, key)!r}")
        files.check_keys(getattr(experiment, key), sorted(axes), f"{where}: {key}")
    if not words(experiment.private):
        raise UserError(f"{where}: private: a list of names was expected, found {experiment.private!r}")
    files.check_keys(experiment.private, experiment.grid.get("pretrain", []), f"{where}: private")
    for key in ("leave_out", "settings"):
        for position, setting in enumerate(getattr(experiment, key)):
            if not isinstance(setting, dict):
                raise UserError(f"{where}: {key}[{position}]: a mapping was expected, found {setting!r}")
            _check_names(setting, experiment.grid, f"{where}: {key}[{position}]")
    for name, same in experiment.same_run.items():
        if not isinstance(same, dict) or set(same) != {"transfer", "metric"} or not words(list(same.values())):
            raise UserError(
                f"{where}: same_run.{name}: a transfer set and the name of a metric were expected, found {same!r}"
            )


def _check_names(setting, grid, where):
    """A condition that no cell can meet is a slip of the pen."""
    for axis in set(setting) & set(grid):
        names = setting[axis] if isinstance(setting[axis], list) else [setting[axis]]
        files.check_keys(names, [value for value in grid[axis] if not isinstance(value, dict)], f"{where}.{axis}")


def check_paper(paper, experiment, where):
    """The published numbers are where the experiment says."""
    if not number(paper.tolerance) or not number(paper.cost_tolerance):
        raise UserError(f"{where}: paper.tolerance: a number was expected, found {paper.tolerance!r}")
    axes = {
        *experiment.grid,
        *(key for values in experiment.grid.values() for v in values if isinstance(v, dict) for key in v),
    }
    files.check_keys(paper.match, sorted(axes), f"{where}: paper.match")
    for file in filter(None, (paper.file, paper.exact_file)):
        if not (files.ROOT / "results" / "paper" / file).exists():
            raise UserError(f"{where}: paper: results/paper/{file}: no such file")


def check_entry(entry, where):
    """One data set of a scale."""
    if not count(entry.images) or not count(entry.classes):
        raise UserError(f"{where}: images: a whole number above 0 was expected, found {entry.images!r}")
    if not isinstance(entry.epochs, dict) or not isinstance(entry.args, dict):
        raise UserError(
            f"{where}: epochs: a mapping from the paper's number to ours was expected, found {entry.epochs!r}"
        )
