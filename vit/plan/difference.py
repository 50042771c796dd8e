"""`python -m vit diff RUN`: value by value, what a run sets otherwise than the recipe of the paper, or of the released checkpoints."""

import re
from pathlib import Path

from vit import paths
from vit.errors import UserError, nearest
from vit.plan import make_plan
from vit.plan.lengths import at_scale
from vit.plan.own_code import sizes_of
from vit.plan.recipe_values import TASKS, VALUES
from vit.plan.resolve import MATCHED, holds, load_recipe, load_scale, values_for


def difference(run: str, preset: str = "paper", scale_name: str = "mini") -> str:
    """One line for each value that differs. run: an id at this scale, or the folder of a run at any scale.

    preset: 'paper' compares with the recipe that the run was made by, 'released' with the '-released' one of its kind,
    each at the row of the run's model and data.
    """
    if Path(run).is_dir():
        run, scale_name = Path(run).resolve().name, Path(run).resolve().parents[1].name
    plan = make_plan(scale_name)
    if run not in plan.runs:
        near = nearest(run, plan.runs)
        raise UserError(f"scale {scale_name} plans no run '{run}'{near or '; `make status` says what there is'}")
    if plan.runs[run].recipe is None:  # its values are those of the run that it evaluates
        return difference(plan.runs[run].needs[0], preset, scale_name)
    axes, name = plan.runs[run].axes, preset_of(plan.runs[run].recipe, preset)
    theirs = theirs_of(name, axes)
    ours = {key: value for key, value in ours_of(run, plan).items() if key in theirs}
    origin = sources(name, axes)
    lines = [
        f"  {key}: {text(ours[key])}, {preset} {text(value)} ({origin[key]})"
        for key, value in theirs.items()
        if key in ours and not same(ours[key], value)
    ]
    lines += stand_ins(plan.runs[run], axes, preset)
    source = f"{axes['model']}, {axes[kind_of(axes)]}: experiments/recipes/{name}.yaml"
    if not lines:
        return f"{run}: all {len(ours)} values are those of preset {preset} ({source})"
    return "\n".join([f"{run}: differs from preset {preset} ({source}) in", *lines])


def recipe_names():
    return sorted(path.stem for path in (paths.EXPERIMENTS / "recipes").glob("*.yaml"))


def preset_of(recipe, preset):
    """Name of the recipe that is compared with."""
    kind, names = recipe.split("-")[0], recipe_names()
    if preset == "paper":
        return recipe
    if f"{kind}-{preset}" not in names:
        known = ", ".join(name.removesuffix(f"-{preset}") for name in names if name.endswith(f"-{preset}"))
        raise UserError(
            f"recipe '{recipe}' has no preset {preset} (recipes that have one: {known}); use --preset paper"
        )
    return f"{kind}-{preset}"


def kind_of(axes):
    return "pretrain" if "pretrain" in axes else "transfer"


def theirs_of(name, axes):
    """The preset's values at the paper's scale; a number of epochs as steps."""
    paper = load_scale("paper")
    epochs = values_for(name, axes, paper, "paper").get("epochs")
    choices = epochs if isinstance(epochs, list) else [epochs]
    if axes.get("epochs") not in choices:
        axes = {**axes, "epochs": choices[-1]}
    _, values, steps = at_scale(name, axes, kind_of(axes), paper, "paper")
    task = TASKS[values["task"]]
    compared = (*task["model"], *task["data"], *task["trainer"], *task.get("callbacks", ()))
    return {**{key: values[key] for key in compared}, **({"steps": steps} if steps else {})}


def ours_of(run, plan):
    """The same from the run's config; the learning rates of its sweep where it takes the best of them."""
    config = plan.runs[run].config
    task, trainer = TASKS[task_of(config)], config["trainer"]
    values = {**task.get("later", {}), **config["model"]["init_args"], **config["data"]["init_args"]}
    values |= {key: trainer[argument] for key, argument in task["trainer"].items()}
    callbacks = {callback["class_path"]: callback["init_args"] for callback in trainer.get("callbacks", ())}
    values |= {
        key: callbacks.get(name, {}).get(argument) for key, (name, argument) in task.get("callbacks", {}).items()
    }
    if not values.get("lr_from"):
        values.pop("select_by", None)  # nothing is chosen
    else:
        values["lr"] = [plan.runs[point].config["model"]["init_args"]["lr"] for point in values["lr_from"]]
    return {**values, "steps": config["trainer"]["max_steps"]}


def task_of(config):
    return config["model"]["class_path"]


def stand_ins(run, axes, preset):
    """Lines for a model or a data set that stands in for the paper's."""
    lines, kind = [], kind_of(axes)
    if run.options:
        lines.append(f"  model: {axes['model']} with {text(run.options)}, {preset} as it is (Table 1)")
    known = getattr(load_scale("paper"), kind).get(axes[kind])
    if known is None or run.config["data"]["class_path"] != known.data:
        from_recipe = TASKS[task_of(run.config)]["data"]
        arguments = run.config["data"]["init_args"]
        of_the_set = {key: value for key, value in arguments.items() if key not in (*from_recipe, "train_on", "seed")}
        data = f"{run.config['data']['class_path']} {text(of_the_set)}".rstrip()
        lines.append(f"  data: {data}, {preset} {axes[kind]} (Section 4.1)")
    return lines


def same(ours, theirs):
    """One point of a sweep, or the sweep itself, is the sweep's."""
    return ours == theirs or (isinstance(theirs, list) and ours in theirs)


def text(value):
    """As in YAML, on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def sources(name, axes):
    """Key -> source of the recipe's value: its comment in the recipe; of values in a row, the comment at `rows`."""
    lines = (paths.EXPERIMENTS / "recipes" / f"{name}.yaml").read_text().splitlines()
    matches = (re.match(r"(\w+):.*?(?:#\s*(.*))?$", line) for line in lines)
    stated = {match[1]: match[2] or f"experiments/recipes/{name}.yaml" for match in matches if match}
    row = next(
        row
        for row in load_recipe(name)["rows"]
        if holds({k: v for k, v in row.items() if k in MATCHED}, {**axes, "model": sizes_of(axes["model"])})
    )
    off = {key: value.source for key, value in VALUES.items()}
    return {**off, **stated, **dict.fromkeys((*row, "steps"), stated["rows"])}
