"""Recipe, then experiment, then scale: the values of one run, and its LightningCLI config."""

import copy
from functools import lru_cache, partial
from pathlib import Path

from vit import paths
from vit.errors import UserError, nearest
from vit.plan.checks import check_experiment, check_paper, keys_inside, names_inside
from vit.plan.model_options import FAMILIES
from vit.plan.multi_label import check_kind
from vit.plan.other_words import OTHER_WORDS
from vit.plan.own_code import check_source, is_own, sizes_of
from vit.plan.precision import in_precision, parts
from vit.plan.recipe_values import (
    TASKS,
    VALUES,
    check_needed,
    check_value,
    needed_by,
    of_config,
    recipe_values,
    with_off_values,
)
from vit.plan.scale_checks import check_class_path, check_entry, check_models, check_omit
from vit.plan.schema import AXES, PROCESSES, SETS, DataEntry, EvaluationEntry, Experiment, Paper, Scale
from vit.plan.stand_ins import is_multiple, multiplied, of_axis, stand_in
from vit.plan.stated_in import EXPERIMENT, stated_in
from vit.plan.together import together
from vit.plan.yaml_files import build, check_keys, read_yaml

MATCHED = ("model", "pretrain", "transfer")  # keys of a row that say when it holds


def experiment_path(name: str) -> Path:
    """experiments/NAME.yaml or experiments/ablations/NAME.yaml."""
    path = paths.EXPERIMENTS / f"{name}.yaml"
    ablation = paths.EXPERIMENTS / "ablations" / f"{name}.yaml"
    return ablation if ablation.exists() and not path.exists() else path


def key_of(path: Path) -> str:
    """'table5' or 'ablations/gelu': an experiment by its path in experiments/."""
    return str(path.relative_to(paths.EXPERIMENTS).with_suffix(""))


def load_experiment(name: str) -> Experiment:
    """An experiment, checked as far as it can be without a scale."""
    path = experiment_path(name)
    where, content = paths.name_of(path), read_yaml(path)
    for key in content:
        if key in AXES or "." in str(key):
            raise UserError(f"{where}: '{key}' is an axis, so it belongs under grid, indented")
    experiment = build(Experiment, content, path)
    check_experiment(experiment, where)
    facts = {"fact"} if experiment.facts else set()
    plain = {axis for axis, values in experiment.grid.items() if not isinstance(values[0], dict)}
    names = {name for name in names_inside(experiment) if not _place_of(name)}  # others have to have an effect
    for axes, shown in ((plain, facts), (keys_inside(experiment.grid), facts | names)):
        check_axes(sorted(axes - shown), f"{where}: grid")
    for position, setting in enumerate(experiment.settings):
        check_axes([key for key in setting if key not in experiment.grid], f"{where}: settings[{position}]")
    if experiment.paper:
        check_paper(build(Paper, experiment.paper, path, "paper"), experiment, where)
    return experiment


@lru_cache
def load_recipe(name: str) -> dict:
    """experiments/recipes/NAME.yaml, checked against the values its task takes."""
    path = paths.EXPERIMENTS / "recipes" / f"{name}.yaml"
    recipe, where = read_yaml(path), paths.name_of(path)
    _check_task(recipe, where)
    values = recipe_values(recipe["task"])
    check_keys(recipe, ("task", "like", "arguments", "rows", *values), where)
    if not isinstance(recipe.get("arguments", {}), dict):
        raise UserError(f"{where}: arguments: a mapping was expected, found {recipe['arguments']!r}")
    rows = recipe.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{where}: rows: a list of mappings was expected, such as [{{}}] for one that always holds")
    for position, row in enumerate(rows):
        check_keys(row, (*MATCHED, "assumed", *values), f"{where}: rows[{position}]")
    return recipe


def _check_task(recipe, where):
    """`task` is one of ours, or a class of one's own that takes the values of the one under `like`."""
    task, like = recipe.get("task"), recipe.get("like")
    for key in ("task", "like"):
        if not isinstance(recipe.get(key, ""), str):
            raise UserError(f"{where}: {key}: a class path was expected, found {recipe[key]!r}")
    ours = [name for name in TASKS if name.startswith("vit.")]
    if like is not None and task and task not in ours:
        check_keys([like], ours, f"{where}: like")
        TASKS[task] = TASKS[like]
    if task not in TASKS:
        hint = nearest(task, ours) or "; a task of one's own says under 'like' which of these has its values"
        raise UserError(f"{where}: task: '{task}' is not one of {', '.join(ours)}{hint}")
    check_source(task, f"{where}: task")


def recipe_names() -> list[str]:
    return sorted(path.stem for path in (paths.EXPERIMENTS / "recipes").glob("*.yaml"))


def load_scale(name: str) -> Scale:
    """experiments/scales/NAME.yaml; of 'NAME+bf16-mixed' in that precision."""
    path = paths.EXPERIMENTS / "scales" / f"{parts(name)[0]}.yaml"
    scale, where = build(Scale, _with_likeness(read_yaml(path), path), path), paths.name_of(path)
    check_keys([scale.processes], PROCESSES, f"{where}: processes")
    for kind in ("pretrain", "transfer"):
        for key, entry in getattr(scale, kind).items():
            built = getattr(scale, kind)[key] = build(DataEntry, entry, path, f"{kind}.{key}")
            check_entry(built, f"{where}: {kind}.{key}")
            check_kind(built, kind, f"{where}: {kind}.{key}")
    for key, entry in scale.tested_on.items():
        built = scale.tested_on[key] = build(EvaluationEntry, entry, path, f"tested_on.{key}")
        check_class_path(built, f"{where}: tested_on.{key}")
    check_keys(scale.recipes, recipe_names(), f"{where}: recipes")
    for recipe, values in scale.recipes.items():
        if not isinstance(values, dict):
            raise UserError(f"{where}: recipes.{recipe}: a mapping was expected, found {values!r}")
        check_keys(values, recipe_values(load_recipe(recipe)["task"]), f"{where}: recipes.{recipe}")
    check_models(scale, where)
    check_keys([key for key in scale.omit if "." not in key], ("model", *SETS), f"{where}: omit")
    check_omit(scale.omit, f"{where}: omit")
    return in_precision(scale, name, {recipe: load_recipe(recipe)["task"] for recipe in recipe_names()})


def _with_likeness(content, path):
    """A scale's file, after that of the scale under `like`: of a mapping in both, such as `recipes`, the keys add up."""
    if not isinstance(content.get("like"), str):
        return content
    like = path.with_name(f"{content['like']}.yaml")
    base = read_yaml(like)
    if "like" in base:
        raise UserError(f"{paths.name_of(path)}: like: {like.stem} is itself like another scale; name that one")
    both = {key: {**base[key], **value} for key, value in content.items() if isinstance(value, dict) and key in base}
    return {**base, **content, **both}


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
    rows = (row for row in recipe["rows"] if holds({k: v for k, v in row.items() if k in MATCHED}, matched))
    row = next(rows, None)  # the first that holds
    if row is None:
        names = ", ".join(f"{axis} {matched[axis]}" for axis in MATCHED if axis in cell)
        hint = _model_in_rows(matched["model"], recipe["rows"])
        raise UserError(f"experiments/recipes/{recipe_name}.yaml: no row for {names}{hint}")
    values.update({key: value for key, value in row.items() if key not in MATCHED})
    settings = {key.split(".", 1)[1]: value for key, value in cell.items() if key.startswith(f"{recipe_name}.")}
    check_keys(settings, recipe_values(recipe["task"]), f"settings '{recipe_name}.*'")
    if isinstance(values.get("epochs"), list) and cell.get("epochs") in values["epochs"] and "epochs" in settings:
        values["epochs"] = cell["epochs"]  # the base of a multiple
    words = {key: value for key, value in settings.items() if not is_multiple(value)}
    source = partial(stated_in, recipe_name, axes=cell, scale=scale, scale_name=scale_name)
    try:
        base, values = (with_off_values(part, recipe["task"]) for part in (values, {**values, **words}))
    except KeyError as missing:
        key = missing.args[0]
        advice = together(key, recipe_name, recipe["task"], {**values, **words}, words)
        where = EXPERIMENT if advice else f"experiments/recipes/{recipe_name}.yaml"
        raise UserError(f"{where}: no value for '{key}'{needed_by(key)}{advice}") from None
    for key in recipe_values(recipe["task"]):
        asked = (
            f"{EXPERIMENT}: {recipe_name}" if key in words else f"experiments/recipes/{recipe_name}.yaml: {recipe_name}"
        )
        check_value(key, values[key], asked)
    overrides = scale.recipes.get(recipe_name, {})
    for key in {**overrides, **settings}:
        if f"{recipe_name}.{key}" in exact and not is_multiple(settings[key]):
            continue
        of_scale, stated = f"experiments/scales/{scale_name}.yaml: recipes.{recipe_name}.{key}", f"{source(key)}.{key}"
        if key not in settings:
            values[key] = stand_in(values[key], overrides[key], of_scale)
        elif key in overrides:
            values[key] = of_axis(key, settings[key], base[key], overrides[key], stated, of_scale)
        elif is_multiple(settings[key]):
            values[key] = multiplied(base[key], settings[key], stated)
        check_value(key, values[key], source(key))
    check_needed(values, source)
    return {key: copy.deepcopy(value) if isinstance(value, list | dict) else value for key, value in values.items()}


def _model_in_rows(model, rows):
    """What to write for a model that no row of a recipe has; '' for one that some row has."""
    if is_own(model):
        return f"; a class of one's own names the model whose rows it takes: {model}@ViT-B/16"
    models = [row["model"] if isinstance(row["model"], list) else [row["model"]] for row in rows if "model" in row]
    known = [name for names in models for name in names]
    return "" if model in known else nearest(model, known)


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


def check_axes(axes, where):
    """An axis without mappings is one of AXES or a value of a recipe ('finetune.dropout')."""
    for key in axes:
        recipe, dot, value = str(key).partition(".")
        if dot:
            check_keys([recipe], recipe_names(), f"{where}: {key}: recipe")
            known = recipe_values(load_recipe(recipe)["task"])
            if value not in known and (place := _place_of(value)):
                raise UserError(f"{where}: {key}: {recipe} has no value '{value}'{place}")
            check_keys([value], known, f"{where}: {key}: value of {recipe}")
        elif key not in AXES:
            named = "; an axis with a name of its own has mappings as values, such as {label: a, pretrain.lr: x0.5}"
            raise UserError(f"{where}: unknown axis '{key}'{_place_of(key) or nearest(key, AXES) or named}")


def _place_of(word):
    """Where a word that is no axis belongs: values of recipes and options of models have no axis of their own."""
    word = OTHER_WORDS.get(str(word).lower(), word)
    recipes = [recipe for recipe in ("pretrain", "finetune") if word in recipe_values(load_recipe(recipe)["task"])]
    if recipes:
        return f", did you mean {' or '.join(f'{recipe}.{word}' for recipe in recipes)}?"
    if word in recipe_names():
        return f"; a value of a recipe is one axis, such as '{word}.batch_size'"
    if word in VALUES:
        return f"; it is a value of a recipe, written RECIPE.{word}"
    if any(word in options for options in FAMILIES.values()):
        return f"; it is an option of a model: write mappings such as {{label: a, options: {{{word}: ...}}}}"
    return ""
