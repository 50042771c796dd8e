"""Recipe, then experiment, then scale: the values of one run, and its LightningCLI config."""

import copy
from functools import lru_cache

from vit import paths
from vit.errors import UserError, nearest
from vit.plan.checks import check_args, check_entry, check_experiment, check_models, check_paper
from vit.plan.own_code import sizes_of
from vit.plan.recipe_values import TASKS, check_needed, check_value, of_config, recipe_values, with_off_values
from vit.plan.schema import AXES, SETS, DataEntry, EvaluationEntry, Experiment, Paper, Scale
from vit.plan.stand_ins import is_multiple, multiplied, of_axis, stand_in
from vit.plan.yaml_files import build, check_keys, read_yaml

MATCHED = ("model", "pretrain", "transfer")  # keys of a row that say when it holds


def load_experiment(name: str) -> Experiment:
    """experiments/NAME.yaml or experiments/ablations/NAME.yaml."""
    path = paths.EXPERIMENTS / f"{name}.yaml"
    ablation = paths.EXPERIMENTS / "ablations" / f"{name}.yaml"
    path = ablation if ablation.exists() and not path.exists() else path
    where = paths.name_of(path)
    experiment = build(Experiment, read_yaml(path), path)
    if not isinstance(experiment.title, str) or not isinstance(experiment.grid, dict):
        raise UserError(f"{where}: title must be a text and grid a mapping")
    check_experiment(experiment, where)
    if experiment.paper:
        check_paper(build(Paper, experiment.paper, path, "paper"), experiment, where)
    return experiment


@lru_cache
def load_recipe(name: str) -> dict:
    """experiments/recipes/NAME.yaml, checked against the values its task takes."""
    path = paths.EXPERIMENTS / "recipes" / f"{name}.yaml"
    recipe = read_yaml(path)
    if recipe.get("like") in TASKS:  # a task of one's own takes the values of one of ours
        TASKS[recipe["task"]] = TASKS[recipe["like"]]
    if recipe.get("task") not in TASKS:
        raise UserError(f"{paths.name_of(path)}: task: '{recipe.get('task')}' is not one of {', '.join(TASKS)}")
    values = recipe_values(recipe["task"])
    check_keys(recipe, ("task", "like", "arguments", "rows", *values), paths.name_of(path))
    for position, row in enumerate(recipe.get("rows", [])):
        check_keys(row, (*MATCHED, "assumed", *values), f"{paths.name_of(path)}: rows[{position}]")
    return recipe


def load_scale(name: str) -> Scale:
    """experiments/scales/NAME.yaml."""
    path = paths.EXPERIMENTS / "scales" / f"{name}.yaml"
    scale = build(Scale, read_yaml(path), path)
    if scale.processes not in ("one-a-run", "one-a-chain"):
        raise UserError(f"{paths.name_of(path)}: processes: '{scale.processes}' must be one-a-run or one-a-chain")
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
    check_models(scale, paths.name_of(path))
    check_keys([key for key in scale.omit if "." not in key], ("model", *SETS), f"{paths.name_of(path)}: omit")
    return scale


def holds(condition: dict, cell: dict) -> bool:
    """Does the cell meet the condition, a mapping from axes to a value or a list of values?"""
    return all(cell.get(axis) in (names if isinstance(names, list) else [names]) for axis, names in condition.items())


def values_for(recipe_name, cell, scale, scale_name, exact=()):
    """The recipe's values for a cell, after the experiment's settings and the scale's stand-ins.

    exact: axes whose values an experiment states for this scale (`at`): nothing stands in for those.
    """
    recipe = load_recipe(recipe_name)
    values = {key: value for key, value in recipe.items() if key != "rows"}
    matched = {**cell, "model": sizes_of(cell["model"])}
    rows = [row for row in recipe["rows"] if holds({k: v for k, v in row.items() if k in MATCHED}, matched)]
    if not rows:
        names = ", ".join(f"{axis} {matched[axis]}" for axis in MATCHED if axis in cell)
        raise UserError(f"experiments/recipes/{recipe_name}.yaml: no row for {names}")
    values.update({key: value for key, value in rows[0].items() if key not in MATCHED})
    settings = {key.split(".", 1)[1]: value for key, value in cell.items() if key.startswith(f"{recipe_name}.")}
    check_keys(settings, recipe_values(recipe["task"]), f"settings '{recipe_name}.*'")
    if isinstance(values.get("epochs"), list) and cell.get("epochs") in values["epochs"] and "epochs" in settings:
        values["epochs"] = cell["epochs"]  # the base of a multiple
    words = {key: value for key, value in settings.items() if not is_multiple(value)}
    try:
        base, values = (with_off_values(part, recipe["task"]) for part in (values, {**values, **words}))
    except KeyError as missing:
        raise UserError(f"experiments/recipes/{recipe_name}.yaml: no value for {missing}") from None
    for key in recipe_values(recipe["task"]):
        check_value(key, values[key], f"experiments/recipes/{recipe_name}.yaml or the experiment: {recipe_name}")
    overrides, where = (
        scale.recipes.get(recipe_name, {}),
        f"experiments/scales/{scale_name}.yaml: recipes.{recipe_name}",
    )
    for key in {**overrides, **settings}:
        if f"{recipe_name}.{key}" in exact and not is_multiple(settings[key]):
            continue
        section = f"{where}.{key}"
        if key not in settings:
            values[key] = stand_in(values[key], overrides[key], section)
        elif key in overrides:
            values[key] = of_axis(key, settings[key], base[key], overrides[key], section)
        elif is_multiple(settings[key]):
            values[key] = multiplied(base[key], settings[key], section)
        check_value(key, values[key], where)
    check_needed(values, f"experiments/recipes/{recipe_name}.yaml or the experiment: {recipe_name}")
    return copy.deepcopy(values)


def config(values, cell, entry, scale, *, seed, steps, train_on, start):
    """The LightningCLI config of a run. `start`: init and learning rate (sources included) of the task."""
    task = TASKS[values["task"]]
    model = of_config(values, values["task"])
    options = {**scale.models.get(sizes_of(cell["model"]), {}), **cell.get("options", {})}
    trainer = {"max_steps": steps, **{argument: values[key] for key, argument in task["trainer"].items()}}
    callbacks = [
        {"class_path": callback, "init_args": {argument: values[key]}}
        for key, (callback, argument) in task.get("callbacks", {}).items()
        if values[key] is not None
    ]
    trainer.update({"callbacks": callbacks} if callbacks else {})
    data = {key: values[key] for key in task["data"]}
    return {
        "seed_everything": seed,
        "trainer": trainer,
        "model": {
            "class_path": values["task"],
            "init_args": {"model": cell["model"], "options": options, **model, **values.get("arguments", {}), **start},
        },
        "data": {"class_path": entry.data, "init_args": {**entry.args, **data, "train_on": train_on, "seed": seed}},
    }


def check_axes(cell, where):
    """An axis is one of AXES, a value of a recipe ('finetune.dropout') or the label of a list of mappings."""
    for key in cell:
        if "." in key:
            load_recipe(key.split(".", 1)[0])
        elif key not in AXES:
            raise UserError(f"{where}: unknown axis '{key}'{nearest(key, AXES)}")
