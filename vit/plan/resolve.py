"""Recipe, then experiment, then scale: the values of one run, and its LightningCLI config."""

import copy
from functools import lru_cache

from vit import paths
from vit.errors import UserError, nearest
from vit.plan.checks import check_args, check_entry, check_experiment, check_paper
from vit.plan.schema import AXES, SETS, DataEntry, EvaluationEntry, Experiment, Paper, Scale
from vit.plan.values import TASKS, check_value, recipe_values, with_off_values
from vit.plan.yaml_files import build, check_keys, read_yaml

MATCHED = ("model", "pretrain", "transfer")  # keys of a row that say when it holds


def load_experiment(name):
    """experiments/NAME.yaml or experiments/ablations/NAME.yaml."""
    path = paths.EXPERIMENTS / "ablations" / f"{name}.yaml"
    path = path if path.exists() else paths.EXPERIMENTS / f"{name}.yaml"
    where = paths.name_of(path)
    experiment = build(Experiment, read_yaml(path), path)
    if not isinstance(experiment.title, str) or not isinstance(experiment.grid, dict):
        raise UserError(f"{where}: title is a text and grid a mapping")
    check_experiment(experiment, where)
    if experiment.paper:
        check_paper(build(Paper, experiment.paper, path, "paper"), experiment, where)
    return experiment


@lru_cache
def load_recipe(name):
    """experiments/recipes/NAME.yaml, checked against the values its task takes."""
    path = paths.EXPERIMENTS / "recipes" / f"{name}.yaml"
    recipe = read_yaml(path)
    if recipe.get("task") not in TASKS:
        raise UserError(f"{paths.name_of(path)}: task: '{recipe.get('task')}' is not one of {', '.join(TASKS)}")
    values = recipe_values(recipe["task"])
    check_keys(recipe, ("task", "rows", *values), paths.name_of(path))
    for position, row in enumerate(recipe.get("rows", [])):
        check_keys(row, (*MATCHED, "assumed", *values), f"{paths.name_of(path)}: rows[{position}]")
    return recipe


def load_scale(name):
    """experiments/scales/NAME.yaml."""
    path = paths.EXPERIMENTS / "scales" / f"{name}.yaml"
    scale = build(Scale, read_yaml(path), path)
    if scale.processes not in ("one-a-run", "one-a-chain"):
        raise UserError(f"{paths.name_of(path)}: processes: '{scale.processes}' is neither one-a-run nor one-a-chain")
    for kind in ("pretrain", "transfer"):
        for key, entry in getattr(scale, kind).items():
            built = getattr(scale, kind)[key] = build(DataEntry, entry, path, f"{kind}.{key}")
            check_entry(built, f"{paths.name_of(path)}: {kind}.{key}")
    for key, entry in scale.tested_on.items():
        built = scale.tested_on[key] = build(EvaluationEntry, entry, path, f"tested_on.{key}")
        check_args(built, f"{paths.name_of(path)}: tested_on.{key}")
    for recipe, values in scale.recipes.items():
        known = load_recipe(recipe)
        check_keys(values, recipe_values(known["task"]), f"{paths.name_of(path)}: recipes.{recipe}")
    check_keys([key for key in scale.omit if "." not in key], ("model", *SETS), f"{paths.name_of(path)}: omit")
    return scale


def holds(condition, cell):
    """Does the cell have, for every axis that the condition names, one of the values it names?"""
    return all(cell.get(axis) in (names if isinstance(names, list) else [names]) for axis, names in condition.items())


def values_for(recipe_name, cell, scale, scale_name):
    """The recipe's values for a cell, after the experiment's settings and the scale's stand-ins."""
    recipe = load_recipe(recipe_name)
    values = {key: value for key, value in recipe.items() if key != "rows"}
    rows = [row for row in recipe["rows"] if holds({k: v for k, v in row.items() if k in MATCHED}, cell)]
    if not rows:
        names = ", ".join(f"{axis} {cell[axis]}" for axis in MATCHED if axis in cell)
        raise UserError(f"experiments/recipes/{recipe_name}.yaml: no row for {names}")
    values.update({key: value for key, value in rows[0].items() if key not in MATCHED})
    own = {key.split(".", 1)[1]: value for key, value in cell.items() if key.startswith(f"{recipe_name}.")}
    check_keys(own, recipe_values(recipe["task"]), f"settings '{recipe_name}.*'")
    values.update(own)
    try:
        values = with_off_values(values, recipe["task"])
    except KeyError as missing:
        raise UserError(f"experiments/recipes/{recipe_name}.yaml: no value for {missing}") from None
    for key in recipe_values(recipe["task"]):
        check_value(key, values[key], f"experiments/recipes/{recipe_name}.yaml or the experiment: {recipe_name}")
    return _stand_in(
        values, own, scale.recipes.get(recipe_name, {}), f"experiments/scales/{scale_name}.yaml: recipes.{recipe_name}"
    )


def _stand_in(values, own, overrides, where):
    """A scale gives one value for all, or a mapping from the paper's value to its own."""
    for key, override in overrides.items():
        if isinstance(override, dict):
            if values[key] not in override:
                raise UserError(f"{where}.{key}: nothing stands in for {values[key]!r}")
            values[key] = override[values[key]]
            check_value(key, values[key], where)
        elif key in own:
            raise UserError(
                f"{where}.{key}: one value for all would undo the experiment's own; give a mapping, such as {{{own[key]}: ...}}"
            )
        else:
            values[key] = override
            check_value(key, override, where)
    return copy.deepcopy(values)


def config(values, cell, entry, scale, *, seed, steps, train_on, start):
    """The LightningCLI config of a run. `start`: init and learning rate (sources included) of the task."""
    places = TASKS[values["task"]]
    model = {key: values[key] for key in places["model"]}
    options = {**scale.models.get(cell["model"], {}), **cell.get("options", {})}
    trainer = {"max_steps": steps, **{there: values[here] for here, there in places["trainer"].items()}}
    callbacks = [
        {"class_path": callback, "init_args": {argument: values[key]}}
        for key, (callback, argument) in places.get("callbacks", {}).items()
        if values[key] is not None
    ]
    trainer.update({"callbacks": callbacks} if callbacks else {})
    data = {key: values[key] for key in places["data"]}
    return {
        "seed_everything": seed,
        "trainer": trainer,
        "model": {
            "class_path": values["task"],
            "init_args": {"model": cell["model"], "options": options, **model, **start},
        },
        "data": {"class_path": entry.data, "init_args": {**entry.args, **data, "train_on": train_on, "seed": seed}},
    }


def check_axes(cell, where):
    """Grid axes and settings may be the known ones, a recipe's key ('finetune.dropout') or a label of their own."""
    for key in cell:
        if "." in key:
            load_recipe(key.split(".", 1)[0])
        elif key not in AXES:
            raise UserError(f"{where}: unknown axis '{key}'{nearest(key, AXES)}")
