"""What a value may be, checked before anything starts: a wrong one is named with its file and key, not after an hour."""

import math

from vit import paths
from vit.errors import UserError
from vit.plan.yaml_files import check_keys


def number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def whole(value):
    return value == 0 or count(value)


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


def different(kind):
    return lambda value: isinstance(value, list) and one_or_more(kind)(value) and len(set(value)) == len(value)


def above_zero(value):
    return number(value) and value > 0


def not_negative(value):
    return number(value) and value >= 0


def rising(value):
    """Different whole numbers in order; there may be none."""
    return isinstance(value, list) and all(map(count, value)) and value == sorted(set(value))


def part(value):
    return number(value) and 0 <= value <= 1


def one_of(*names):
    return lambda value: value in names


VALUES = {  # value of a recipe -> (check, what is expected)
    **dict.fromkeys(("batch_size", "image_size", "steps", "seeds"), (count, "a whole number above 0")),
    "epochs": (one_or_more(number), "a number or a list of them"),
    "lr": (rates, "a number, or a list of different ones"),
    **dict.fromkeys(("warmup_steps", "split_seed"), (whole, "a whole number")),
    "decay": (one_of("cosine", "linear", "staircase"), "cosine, linear or staircase"),
    "drops": (rising, "a list of rising whole numbers"),
    "warmup_from": (one_of("zero", "one"), "zero or one"),
    "optimizer": (one_of("adam", "sgd"), "adam or sgd"),
    "decay_form": (one_of("decoupled", "coupled"), "decoupled or coupled"),
    "decay_on": (one_of("kernels", "all"), "kernels or all"),
    "momentum_dtype": (or_none(one_of("float32", "bfloat16")), "float32 or bfloat16, or null with adam"),
    "clip_rule": (one_of("official", "torch"), "official or torch"),
    "loss": (one_of("softmax", "sigmoid"), "softmax or sigmoid"),
    "positions": (one_of("bilinear", "bicubic"), "bilinear or bicubic"),
    "precision": (one_of("32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true"), "a precision of Lightning's Trainer"),
    "held_out": (lambda value: share(value) or count(value), "a number from 0 to below 1, or a number of images"),
    **dict.fromkeys(("dropout", "label_smoothing"), (share, "a number from 0 to below 1")),
    **dict.fromkeys(("momentum", "beta1", "beta2", "polyak"), (or_none(share), "a number from 0 to below 1, or null")),
    **dict.fromkeys(("weight_decay", "linear_end", "mixup"), (not_negative, "a number, 0 or more")),
    "head_bias": (number, "a number"),
    "clip_norm": (or_none(number), "a number or null"),
    "early_stopping": (or_none(count), "a whole number of updates or null"),
    "head_hidden": (or_none(one_of("width")), "width or null"),
    "augment": (words, "a list of names"),
    "shots": (different(count), "a list of different whole numbers above 0"),
    "draws": (different(whole), "a list of different whole numbers"),
    "report_shots": (count, "a whole number above 0, one of shots"),
    **dict.fromkeys(("l2", "constant", "epsilon"), (above_zero, "a number above 0")),
    "solve_dtype": (one_of("float64", "float32"), "float64 or float32"),
    "subset": (lambda value: (number(value) and 0 < value <= 1) or count(value), "a share, or a number of images"),
    "evaluation": (lambda value: isinstance(value, str), "a name, such as resize or central_crop(256)"),
    "resize": (one_of("vit_jax", "big_vision", "antialiased", "once"), "vit_jax, big_vision, antialiased or once"),
    "target": (one_of("mean_color", "downsized", "regression"), "mean_color, downsized or regression"),
    "color_bins": (one_of("floor", "rounded", "scaled"), "floor, rounded or scaled"),
    "corrupted": (lambda value: part(value) and value > 0, "a number above 0 to 1"),
    **dict.fromkeys(("masked", "random_patch", "kept"), (part, "a number from 0 to 1")),
    "counts": (one_of("exact", "independent"), "exact or independent"),
    "random_patch_from": (one_of("image", "batch"), "image or batch"),
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
