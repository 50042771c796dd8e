"""The parts of an experiment fit together: checked before anything starts, named with file and key."""

from vit import paths
from vit.errors import UserError, nearest
from vit.plan import inspection, measured_speed
from vit.plan.axes import lists_of, numeric_axis
from vit.plan.kinds import number, words
from vit.plan.multi_label import METRICS, check_metric_of
from vit.plan.own_code import check_source
from vit.plan.panels import check_panels
from vit.plan.schema import FACTS, NAMES, PICTURES, SCRATCH, Experiment
from vit.plan.yaml_files import check_keys

NEEDED = {  # picture -> axes
    "data_size": ("pretrain.subset",),
    "epochs": ("epochs", "pretrain.fewshot_every"),
    "speed": ("speed.image_size", "metric"),
}


def check_experiment(experiment, where):
    """The parts of an experiment fit together."""
    for axis, values in experiment.grid.items():
        check_axis(axis, values, f"{where}: grid")
    axes = _axes_of(experiment.grid)
    _check_facts(experiment, where)
    for needed in ("fact", *FACTS[experiment.facts]) if experiment.facts else ("model", "pretrain", "transfer"):
        if needed not in axes:
            raise UserError(f"{where}: grid: the axis '{needed}' is missing")
    _check_lists(experiment, axes, where)
    _check_at(experiment, where)
    _check_conditions(experiment, where)
    _check_means(experiment, axes, where)
    check_keys(experiment.same_run, sorted(names_of("transfer", experiment.grid)), f"{where}: same_run")
    _check_base(experiment, where)
    _check_picture(experiment, where)
    for name, same in experiment.same_run.items():
        if not isinstance(same, dict) or set(same) != {"transfer", "metric"} or not words(list(same.values())):
            raise UserError(
                f"{where}: same_run.{name}: a transfer set and the name of a metric were expected, found {same!r}"
            )


def _check_facts(experiment, where):
    """A table without training is one of ours, and has no key that needs runs."""
    if not words(experiment.notes):
        raise UserError(f"{where}: notes: a list of sentences was expected, found {experiment.notes!r}")
    if experiment.facts is None:
        return
    check_keys([experiment.facts], FACTS, f"{where}: facts")
    for key in ("same_run", "private", "at", "means", "base", "picture"):
        if getattr(experiment, key) != getattr(Experiment("", {}, [], []), key):
            raise UserError(f"{where}: {key}: it has no effect beside 'facts', which trains nothing; leave it out")


def check_axis(axis, values, where):
    """An axis has a list of values: names, values of a recipe, or mappings that set several axes."""
    if not isinstance(axis, str):
        raise UserError(f"{where}: the name of an axis is a text, found {axis!r}")
    if isinstance(values, dict) and values:
        inner = next(iter(values))
        raise UserError(
            f"{where}.{axis}: a list of values was expected, found a mapping; a value of a recipe is one axis, '{axis}.{inner}: [...]'"
        )
    if not isinstance(values, list) or not values:
        raise UserError(f"{where}.{axis}: a list of values was expected, found {values!r}")
    for position, value in enumerate(values):
        section = f"{where}.{axis}[{position}]"
        if isinstance(value, dict) != isinstance(values[0], dict):
            raise UserError(f"{section}: mappings and names are mixed, found {value!r}; write a mapping with a label")
        if isinstance(value, dict):
            _check_mapping(value, section)
        else:
            _check_name(axis, value, section)


def _check_mapping(mapping, where):
    """A value that sets several axes."""
    check_texts(mapping, where)
    if not isinstance(mapping.get("label", ""), str | int | float):
        raise UserError(f"{where}.label: a text or a number was expected, found {mapping['label']!r}")
    if not isinstance(mapping.get("options", {}), dict):
        raise UserError(
            f"{where}.options: a mapping from options of the model to values was expected, found {mapping['options']!r}"
        )
    for axis, value in mapping.items():
        _check_name(axis, value, f"{where}.{axis}")


def check_texts(mapping, where):
    """Keys are texts: YAML reads on, yes and 1 as something else."""
    for key in mapping:
        if not isinstance(key, str):
            raise UserError(f"{where}: a key is a text, found {key!r}; put it in quotes")


def _check_name(axis, value, where):
    """Axes that name something have texts; several recipes of a transfer compete."""
    if axis in NAMES and not isinstance(value, str):
        raise UserError(f"{where}: a name was expected, found {value!r}{nearest(value, [SCRATCH])}")
    if axis == "model":
        check_source(value.partition("@")[0], where)
    if axis == "transfer_with" and not isinstance(value, str) and not (value and words(value)):
        raise UserError(f"{where}: the name of a recipe, or a list of names, was expected, found {value!r}")


def _axes_of(grid):
    """What a cell has a value of: axes that name something, and the keys of the mappings in them."""
    named = {axis for axis, values in grid.items() if any(not isinstance(v, dict) or "label" in v for v in values)}
    return named | keys_inside(grid)


def keys_inside(grid):
    """Keys of the mappings of an axis: what they set together."""
    return {key for values in grid.values() for value in values if isinstance(value, dict) for key in value}


def names_inside(experiment):
    """Keys of mappings that only name a cell: its label, and what rows, columns and the paper's numbers are found by."""
    match = experiment.paper.get("match") if isinstance(experiment.paper, dict) else {}
    return {"label", *experiment.rows, *experiment.columns, *(match if isinstance(match, dict) else ())}


def _check_lists(experiment, axes, where):
    """rows, columns and private."""
    for key in ("rows", "columns"):
        if not isinstance(getattr(experiment, key), list) or not getattr(experiment, key):
            raise UserError(f"{where}: {key}: a list of axes was expected, found {getattr(experiment, key)!r}")
        check_keys(getattr(experiment, key), sorted(axes), f"{where}: {key}")
    if not words(experiment.private):
        raise UserError(f"{where}: private: a list of names was expected, found {experiment.private!r}")
    check_keys(experiment.private, sorted(names_of("pretrain", experiment.grid)), f"{where}: private")


def _check_conditions(experiment, where):
    """leave_out, whose keys are axes, and settings, whose other keys are set."""
    inside = keys_inside(experiment.grid)
    for key in ("leave_out", "settings"):
        for position, setting in enumerate(getattr(experiment, key)):
            section = f"{where}: {key}[{position}]"
            if not isinstance(setting, dict):
                raise UserError(f"{section}: a mapping was expected, found {setting!r}")
            if key == "leave_out":
                check_keys(setting, sorted({*experiment.grid, *inside} - {"label", "options"}), section)
                _check_names(setting, {*experiment.grid, *inside}, experiment.grid, section)
            else:
                check_texts(setting, section)
                _check_names(setting, experiment.grid, experiment.grid, section)
                for axis in {"pretrain_with", "transfer_with"} & set(setting) - set(experiment.grid):
                    _check_name(axis, setting[axis], f"{section}.{axis}")


def _check_at(experiment, where):
    """Values for one scale: a scale that there is, axes of the grid, lists."""
    scales = [path.stem for path in (paths.EXPERIMENTS / "scales").glob("*.yaml")]
    check_keys(experiment.at, sorted(scales), f"{where}: at")
    for scale, axes in experiment.at.items():
        if not isinstance(axes, dict):
            raise UserError(f"{where}: at.{scale}: a mapping from axes to lists was expected, found {axes!r}")
        for axis in axes:
            if axis not in experiment.grid:
                hint = nearest(axis, experiment.grid) or "; write it under grid first"
                raise UserError(
                    f"{where}: at.{scale}: '{axis}' is no axis of the grid, whose values `at` replaces at one scale{hint}"
                )
        for axis, values in axes.items():
            check_axis(axis, values, f"{where}: at.{scale}")


def _check_means(experiment, axes, where):
    for axis, labels in experiment.means.items():
        check_keys([axis], sorted(axes), f"{where}: means")
        for label, names in labels.items() if isinstance(labels, dict) else [(axis, labels)]:
            if not words(names) and not (isinstance(names, list) and all(map(number, names))):
                raise UserError(
                    f"{where}: means.{axis}.{label}: a list of names or numbers was expected, found {names!r}"
                )
            check_keys(names, _listed(axis, experiment.grid), f"{where}: means.{axis}.{label}")


def _check_base(experiment, where):
    """The cells to compare with: axes that tell rows or columns apart, and values that these take."""
    if not isinstance(experiment.base, dict):
        raise UserError(f"{where}: base: a mapping from axes to values was expected, found {experiment.base!r}")
    check_keys(experiment.base, [*experiment.rows, *experiment.columns], f"{where}: base")
    for axis, value in experiment.base.items():
        known = [known for values in lists_of(experiment, axis) for known in values]
        check_keys([value], known, f"{where}: base.{axis}")


def _check_picture(experiment, where):
    """The picture is one of ours, and finds in the experiment what it draws."""
    if isinstance(experiment.picture, dict):
        return check_panels(experiment, sorted({*experiment.grid, *keys_inside(experiment.grid)}), f"{where}: picture")
    check_keys([experiment.picture], PICTURES, f"{where}: picture")
    if experiment.picture == "lines" and numeric_axis(experiment) is None:
        raise UserError(
            f"{where}: picture: lines need an axis of rows or columns with several values, all of them numbers and none null; take bars or dots"
        )
    for axis in NEEDED.get(experiment.picture, ()):
        if axis not in _axes_of(experiment.grid):
            raise UserError(
                f"{where}: picture: {experiment.picture} needs the axis {axis} in the grid; take bars or dots"
            )
    paper = experiment.paper if isinstance(experiment.paper, dict) else {}
    if experiment.picture == "scaling" and not paper.get("cost"):
        raise UserError(f"{where}: picture: scaling needs the cost of pre-training (paper.cost); take bars or dots")
    if experiment.picture == "groups" and len(experiment.means) != 1:
        raise UserError(f"{where}: picture: groups are the means over names of one axis (means); take bars or dots")


def names_of(axis, grid):
    """All names of an axis: those in its list, and those in mappings of other axes."""
    return set(_listed(axis, grid)) - {None}


def _listed(axis, grid):
    named = [value.get("label") if isinstance(value, dict) else value for value in grid.get(axis, [])]
    return [
        *named,
        *(value[axis] for values in grid.values() for value in values if isinstance(value, dict) and axis in value),
    ]


def _check_names(setting, axes, grid, where):
    """Refuse a condition on one of these axes that no cell can meet."""
    for axis in set(setting) & set(axes):
        names = setting[axis] if isinstance(setting[axis], list) else [setting[axis]]
        check_keys(names, _listed(axis, grid), f"{where}.{axis}")


def check_paper(paper, experiment, where):
    """The published numbers are where the experiment says."""
    if not number(paper.tolerance) or not number(paper.cost_tolerance):
        raise UserError(f"{where}: paper.tolerance: a number was expected, found {paper.tolerance!r}")
    axes = {*experiment.grid, *keys_inside(experiment.grid)}
    check_keys(paper.match, sorted(axes), f"{where}: paper.match")
    values = list(paper.value.values()) if isinstance(paper.value, dict) else [paper.value]
    check_columns(
        paper.file,
        [*paper.match.values(), *values, *filter(None, [paper.spread, paper.cost, paper.x, paper.speed, paper.over])],
        where,
    )
    if paper.spread and (isinstance(paper.value, dict) or paper.x or paper.over):
        raise UserError(
            f"{where}: paper.spread: it is the deviation of one printed value, so it needs one column under value, and neither x nor"
            " over; leave it out"
        )
    if isinstance(paper.times, dict):
        check_keys(paper.times, list(paper.value) if isinstance(paper.value, dict) else [], f"{where}: paper.times")
    if paper.exact_file:
        check_columns(paper.exact_file, [*paper.match.values(), paper.exact_cost], where)


def check_columns(file, columns, where):
    """The CSV of results/paper/ is there and has the columns."""
    try:
        header = (paths.PAPER / file).read_text().partition("\n")[0].strip().split(",")
    except FileNotFoundError:
        raise UserError(f"{where}: paper: results/paper/{file}: no such file") from None
    check_keys(columns, header, f"{where}: paper: column of results/paper/{file}")


def check_metric(metric, task, values, where):
    """The task measures what the cell is to show."""
    multi_label = values.get("multi_label", False)
    check_metric_of(metric, multi_label, where)
    measured = ["test_accuracy", "test_top5_accuracy", "test_real_accuracy", "test_loss", "test_images"]
    measured = METRICS if multi_label else [*measured, "test_class_mean_accuracy"]
    if "shots" in values:
        shots = [f"test_{count}shot_accuracy" for count in values["shots"]]
        measured = ["test_accuracy", *shots, *(f"{name}_draw{seed}" for name in shots for seed in values["draws"])]
    if "shown_images" in values:
        measured = list(inspection.UNITS)
    if "batch_sizes" in values:
        measured = list(measured_speed.UNITS)
    check_keys([metric], measured, f"{where}: metric of {task.rpartition('.')[2]}")


def check_cells(cells, experiment, where):
    """Rows and columns tell the cells of a table apart."""
    places = {}
    for cell in cells:
        first = places.setdefault(cell.key([*experiment.rows, *experiment.columns]), cell)
        if first is not cell:
            differing = [axis for axis in cell.axes if cell.axes[axis] != first.axes.get(axis)]
            cause = f"add '{differing[0]}' to rows or columns" if differing else "the grid names it twice"
            raise UserError(f"{where}: rows and columns give several cells the same position in the table; {cause}")
