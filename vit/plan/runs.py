"""The runs of a cell: a pre-training (Table 3), then a sweep on held-out images and the seeds with the best rate (Table 4)."""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial

from vit import paths
from vit.errors import UserError, nearest
from vit.plan.cells import Cell, Run, digest
from vit.plan.checks import check_metric
from vit.plan.model_options import check_options
from vit.plan.multi_label import check_recipe, default_metric
from vit.plan.own_code import check_source
from vit.plan.recipe_values import DATA, EVALUATE, FEWSHOT_CURVE, TASKS
from vit.plan.resolve import config, experiment_path, load_recipe, values_for
from vit.plan.schema import AXES, SCRATCH
from vit.plan.stated_in import stated_in

LENGTH = ("steps", "epochs", "batch_size")  # of a recipe, which decide the number of its updates


@dataclass(frozen=True)
class Start:
    """What a transfer run starts from: a pre-training run, public weights, or the model's own initialisation."""

    label: str  # part of the names of the runs that start from it
    init: str | None = None  # as vit.tasks.Finetune takes it
    upstream: str | None = None  # id of the pre-training run
    recipes: tuple = ()
    schedule: dict = field(default_factory=dict)
    notes: tuple = ()


def fill(plan, paper, name, axes):
    """The cell with these axes, its runs planned; without runs where the scale leaves it out."""
    same = plan.experiments[name].same_run.get(axes["transfer"], {"transfer": axes["transfer"]})
    axes_run = {**axes, "transfer": same["transfer"]}
    if left_out(plan.scale, name, axes_run):
        return Cell(name, axes)
    where = paths.name_of(experiment_path(name))
    check_options(axes["model"], axes.get("options", {}), f"{where}: options")
    entry = entry_of(plan.scale, plan.scale_name, "transfer", axes_run["transfer"])
    cell_metric = axes.get("metric", same.get("metric", default_metric(entry)))
    exact = plan.experiments[name].exact(plan.scale_name)
    start = _start(plan, paper, axes_run, exact)
    recipes = axes.get("transfer_with", "finetune")
    recipes = recipes if isinstance(recipes, list) else [recipes]
    choices = [_transfer(plan, axes_run, recipe, start, exact) for recipe in recipes]
    trained = {recipe: runs[0] for recipe, (_, runs) in zip(recipes, choices, strict=True)}
    where = paths.name_of(experiment_path(name))
    select_by = _measure(plan, recipes, choices, where)
    notes = [*start.notes, entry.note]
    if "tested_on" in axes:
        if entry.multi_label:
            raise UserError(
                f"{where}: tested_on: {axes_run['transfer']} is a multi-label set, which has one test set only"
            )
        entry = entry_of(plan.scale, plan.scale_name, "tested_on", axes["tested_on"])
        choices = [(sweep, tuple(_tested(plan, run, entry) for run in runs)) for sweep, runs in choices]
        notes.append(entry.note)
    check_metrics(recipes, cell_metric, choices, plan, where)
    shares = {
        recipe: share
        for recipe, run in trained.items()
        if (share := _share(plan.runs[run].images, paper, recipe, axes_run, "transfer", exact))
    }
    return Cell(
        name, axes, tuple(run for sweep, runs in choices for run in runs), tuple(choices) if len(choices) > 1 else (),
        select_by, start.upstream, (*start.recipes, *recipes), cell_metric, {**start.schedule, **shares}, tuple(filter(None, notes)),
    )  # fmt: skip


def _measure(plan, recipes, choices, where):
    """The measure on held-out images by which one of the recipes is chosen: that by which each chooses its learning rate."""
    starts = [plan.runs[runs[0]].config["model"]["init_args"] for _, runs in choices]
    measures = [start.get("select_by", "accuracy") for start in starts]
    if len(set(measures)) > 1:
        said = ", ".join(f"{recipe}.select_by {measure}" for recipe, measure in zip(recipes, measures, strict=True))
        raise UserError(f"{where}: transfer_with: recipes that compete are chosen by one measure, found {said}")
    without = [recipe for recipe, (sweep, _) in zip(recipes, choices, strict=True) if not sweep]
    if len(recipes) > 1 and without:
        raise UserError(
            f"{where}: transfer_with: {without[0]} has no sweep on held-out images to compete by; make its lr a list, if of one"
        )
    return measures[0]


def check_metrics(recipes, metric, choices, plan, where):
    """What the cell shows is something that its last runs measure."""
    for recipe, (_, runs) in zip(recipes, choices, strict=True):
        check_metric(metric, load_recipe(recipe)["task"], plan.runs[runs[0]].config["model"]["init_args"], where)


def left_out(scale, experiment, axes):
    """Does the scale omit a name of these axes, everywhere ('model') or in one experiment ('table5.pretrain')?

    `omit` may hold patterns: 'VTAB *'.
    """
    for key, patterns in scale.omit.items():
        where, _, axis = key.rpartition(".")
        if where in ("", experiment) and any(fnmatchcase(str(axes.get(axis)), str(pattern)) for pattern in patterns):
            return True
    return False


def entry_of(scale, scale_name, kind, name):
    """What runs under the name of a data set at a scale."""
    entries = getattr(scale, kind)
    if name not in entries:
        known = nearest(name, entries) or f" (known: {', '.join(entries)})"
        raise UserError(
            f"experiments/scales/{scale_name}.yaml: {kind}: nothing stands in for '{name}'{known}; add an entry, or list the name under omit"
        )
    check_source(entries[name].data, f"experiments/scales/{scale_name}.yaml: {kind}.{name}.data")
    return entries[name]


def at_scale(recipe, axes, kind, scale, scale_name, exact=()):
    """(entry, values, steps) of a recipe on the set of kind 'pretrain' or 'transfer' that the axes name."""
    entry = entry_of(scale, scale_name, kind, axes[kind])
    values = values_for(recipe, axes, scale, scale_name, exact)
    steps = _steps(values, axes, entry, recipe, f"experiments/scales/{scale_name}.yaml: {kind}.{axes[kind]}")
    if steps and values.get("warmup_steps", 0) >= steps:
        source = stated_in(recipe, "warmup_steps", *LENGTH, axes=axes, scale=scale, scale_name=scale_name)
        raise UserError(
            f"{source}.warmup_steps: {values['warmup_steps']} must be below the {steps} updates on {axes[kind]}"
        )
    return entry, values, steps


def papers_axes(axes, exact):
    """Without the values of recipes that an experiment states for this scale only: at the paper's the recipe's stand instead.

    Names stay, such as the model's: a cell is compared with the same one at the paper's scale, whichever scales have it.
    """
    return {axis: value for axis, value in axes.items() if axis not in exact or axis in AXES}


def _start(plan, paper, axes, exact):
    """Nothing, the weights that the authors released, or a pre-training run with its share of the paper's schedule."""
    model, pretrain = _model_label(axes), axes["pretrain"]
    if pretrain == SCRATCH:
        return Start(f"{model}-scratch")
    entry = entry_of(plan.scale, plan.scale_name, "pretrain", pretrain)
    if entry.released:
        note = f"{pretrain}: the weights that the authors released ({entry.released}) are where a transfer starts"
        return Start(f"{model}-released", init=f"released:{axes['model']}@{entry.released}", notes=(note,))
    recipe = axes.get("pretrain_with", "pretrain")
    entry, values, steps = at_scale(recipe, axes, "pretrain", plan.scale, plan.scale_name, exact)
    settled = config(values, axes, entry, plan.scale, seed=0, steps=steps, train_on="train", start={})
    for callback in settled["trainer"].get("callbacks", ()):
        if callback["class_path"] == FEWSHOT_CURVE:
            callback["init_args"].update(_fewshot_evaluation(plan, axes, exact))
    label = f"{recipe}-{model}-{entry.name}"
    named = _named(axes, "pretrain", "epochs")
    known = {"recipe": recipe, "axes": named, "entry": entry, "classes": entry.classes}
    run = _add(plan, label, settled, pretrains=True, keeps_weights=True, **known)
    notes = tuple(filter(None, (values.get("assumed"), entry.note)))
    share = _share(plan.runs[run].images, paper, recipe, axes, "pretrain", exact)
    schedule = {recipe: share} if share else {}
    return Start(label.removeprefix("pretrain-"), run, run, (recipe,), schedule, notes)


def _fewshot_evaluation(plan, axes, exact):
    """What pretrain.fewshot_every evaluates: the cell's transfer set with its recipe's shots and draws, never its test images."""
    recipe = axes.get("transfer_with", "finetune")
    if not isinstance(recipe, str) or "shots" not in TASKS[load_recipe(recipe)["task"]]["model"]:
        raise UserError(
            f"pretrain.fewshot_every needs a transfer by few-shot evaluation, such as transfer_with: [fewshot], found {recipe!r}"
        )
    entry, values, _ = at_scale(recipe, axes, "transfer", plan.scale, plan.scale_name, exact)
    arguments = {**entry.args, **{key: values[key] for key in DATA}, "train_on": "train", "seed": 0}
    data = {"class_path": entry.data, "init_args": arguments}
    return {"shots": [values["report_shots"]], "draws": values["draws"], "data": data}


def _transfer(plan, axes, recipe, start, exact):
    """(sweep, runs): rates tried on the held-out part (B.1.1), then the seeds on everything with the best of them."""
    entry, values, steps = at_scale(recipe, axes, "transfer", plan.scale, plan.scale_name, exact)
    source = partial(stated_in, recipe, axes=axes, scale=plan.scale, scale_name=plan.scale_name)
    check_recipe(entry, values, f"transfer.{axes['transfer']} of experiments/scales/{plan.scale_name}.yaml", source)
    task = TASKS[values["task"]]
    takes, later = task["start"], task.get("later", {})
    labels = {"multi_label": True} if entry.multi_label else {}
    # what is not chosen from a sweep, such as its points, is the same run whatever would be chosen by
    point = values | {key: later[key] for key in ("select_by",) if key in later}
    if start.init and "init" not in takes:
        raise UserError(
            f"experiments/recipes/{recipe}.yaml: {values['task']} cannot start from weights ({start.label})"
        )
    label = f"{recipe}-{start.label}-{entry.name}"
    shared = {"recipe": recipe, "axes": _named(axes, "transfer"), "entry": entry, "classes": entry.classes}
    shared["chain"] = start.upstream or f"scratch-{_model_label(axes)}"

    def add(name, seed, train_on, needs, **start_values):
        starts = {key: value for key, value in {"init": start.init, **start_values, **labels}.items() if key in takes}
        stated = values if start_values["lr_from"] else point
        settled = config(stated, axes, entry, plan.scale, seed=seed, steps=steps, train_on=train_on, start=starts)
        keeps = train_on == "all" and steps > 0
        return _add(plan, f"{label}-{name}", settled, needs=needs, keeps_weights=keeps, **shared)

    needs, rates = (start.upstream,) if start.upstream else (), values.get("lr")
    seeds = range(values.get("seeds", 1))
    if not isinstance(rates, list):
        if f"{recipe}.select_by" in axes:
            raise UserError(
                f"{source('lr')}.lr: with one learning rate {recipe}.select_by: {values['select_by']} has no effect; make it a list"
            )
        return (), tuple(add(f"seed{seed}", seed, "all", needs, lr=rates, lr_from=[]) for seed in seeds)
    sweep = [add(f"lr{rate:g}", 0, "train", needs, lr=rate, lr_from=[]) for rate in rates]
    needs, rate = (*needs, *sweep), {"lr": None, "lr_from": sweep}
    return tuple(sweep), tuple(add(f"seed{seed}", seed, "all", needs, **rate) for seed in seeds)


def _tested(plan, name, entry):
    """A run that evaluates a finished run on another set, with that run's transforms; nothing is trained."""
    run, task = plan.runs[name], TASKS[EVALUATE]
    if not run.keeps_weights:
        raise UserError(f"tested_on {entry.name}: {name} trains nothing, so it has no weights to evaluate")
    trainer, model, data = (run.config[part] for part in ("trainer", "model", "data"))
    kept = {key: data["init_args"][key] for key in (*task["data"], "train_on", "seed")}
    settled = {
        "seed_everything": run.config["seed_everything"],
        "trainer": {"max_steps": 0, **{key: trainer[key] for key in task["trainer"].values()}},
        "model": {
            "class_path": EVALUATE,
            "init_args": {**{key: model["init_args"][key] for key in ("model", "options")}, "init": name},
        },
        "data": {"class_path": entry.data, "init_args": {**entry.args, **kept}},
    }
    known = {"recipe": None, "axes": run.axes, "entry": entry, "classes": run.classes}
    label = f"evaluate-{run.name}-{entry.name}"
    return _add(plan, label, settled, keeps_weights=False, needs=(name,), chain=run.chain, **known)


def _steps(values, axes, entry, recipe, where):
    """Optimizer steps: `steps`, or those of `epochs`; 0 where nothing is trained. where: file and key of the entry."""
    if "epochs" not in values:
        return values.get("steps", 0)
    varied = f"{recipe}.epochs" in axes
    epochs = values["epochs"] if varied else chosen_epochs(values, axes, recipe)
    if entry.epochs and epochs not in entry.epochs:
        if not varied:
            raise UserError(f"{where}.epochs: nothing stands in for {epochs}; add it to this mapping")
        paper = min(entry.epochs, key=lambda known: abs(known - epochs))
        epochs *= entry.epochs[paper] / paper  # an experiment's number of epochs keeps its ratio to the paper's
    else:
        epochs = entry.epochs.get(epochs, epochs)
    return max(1, round(epochs * entry.images / values["batch_size"]))


def chosen_epochs(values, axes, recipe):
    """The paper's number of epochs: the recipe's; where it lists several, the experiment names one of them."""
    choices = values["epochs"] if isinstance(values["epochs"], list) else [values["epochs"]]
    chosen = axes.get("epochs", choices[0] if len(choices) == 1 else None)
    if chosen not in choices:
        raise UserError(
            f"experiments/recipes/{recipe}.yaml: {axes['model']} on {axes['pretrain']}: epochs must be one of {choices}, the experiment says {chosen}"
        )
    return chosen


def _share(images, paper, recipe, axes, kind, exact):
    """Images seen here as a fraction of the paper's; None where nothing is trained, or on a set of one's own."""
    if axes[kind] not in getattr(paper, kind):
        return None
    _, values, steps = at_scale(recipe, papers_axes(axes, exact), kind, paper, "paper", exact)
    return images / (steps * values["batch_size"]) if steps else None


def _model_label(axes):
    """The model's name, and the options that an experiment gives it: 'ViT-B/16-gelu-erf'."""
    return "-".join([axes["model"], *(f"{key}-{value}" for key, value in axes.get("options", {}).items())])


def _named(axes, *wanted):
    """Run.axes: the cell's model, and those of the wanted axes that it has."""
    return {axis: axes[axis] for axis in ("model", *wanted) if axis in axes}


def _add(plan, label, settled, *, recipe, axes, entry, classes, keeps_weights, needs=(), chain=None, pretrains=False):
    """Register a run; returns its id. Of runs with equal ids, which several cells may want, the first is kept.

    Such a run is watched (callbacks that are no part of the id) if any of these cells wants it.
    """
    name = "".join(c if c.isalnum() or c in ".+-" else "-" for c in label)
    run_id = f"{name}-{digest(settled)}"
    images = settled["trainer"]["max_steps"] * settled["data"]["init_args"]["batch_size"]
    run = Run(
        run_id, name, settled, recipe, axes, entry, needs, images, classes, chain or run_id, pretrains, keeps_weights
    )
    known = plan.runs.setdefault(run_id, run)
    if len(settled["trainer"].get("callbacks", ())) > len(known.config["trainer"].get("callbacks", ())):
        plan.runs[run_id] = replace(known, config=settled)
    return run_id
