"""The runs of a cell: a pre-training (Table 3), then a sweep on held-out images and the seeds with the best rate (Table 4)."""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from vit import paths
from vit.errors import UserError, nearest
from vit.plan.cells import Cell, Run, digest
from vit.plan.checks import check_metric
from vit.plan.own_code import check_source
from vit.plan.recipe_values import EVALUATE, TASKS
from vit.plan.resolve import config, experiment_path, load_recipe, values_for
from vit.plan.schema import SCRATCH


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
    cell_metric = axes.get("metric", same.get("metric", "test_accuracy"))
    axes_run = {**axes, "transfer": same["transfer"]}
    if left_out(plan.scale, name, axes_run):
        return Cell(name, axes)
    exact = plan.experiments[name].exact(plan.scale_name)
    start = _start(plan, paper, axes_run, exact)
    recipes = axes.get("transfer_with", "finetune")
    recipes = recipes if isinstance(recipes, list) else [recipes]
    choices = [_transfer(plan, axes_run, recipe, start, exact) for recipe in recipes]
    notes = [*start.notes, _entry(plan.scale, plan.scale_name, "transfer", axes_run["transfer"]).note]
    if "tested_on" in axes:
        entry = _entry(plan.scale, plan.scale_name, "tested_on", axes["tested_on"])
        choices = [(sweep, tuple(_tested(plan, run, entry) for run in runs)) for sweep, runs in choices]
        notes.append(entry.note)
    check_metrics(recipes, cell_metric, choices, plan, paths.name_of(experiment_path(name)))
    shares = {
        recipe: share for recipe in recipes if (share := _share(plan, paper, recipe, axes_run, "transfer", exact))
    }
    return Cell(
        name, axes, tuple(run for sweep, runs in choices for run in runs), tuple(choices) if len(choices) > 1 else (),
        start.upstream, (*start.recipes, *recipes), cell_metric, {**start.schedule, **shares}, tuple(filter(None, notes)),
    )  # fmt: skip


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


def _entry(scale, scale_name, kind, name):
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
    entry = _entry(scale, scale_name, kind, axes[kind])
    values = values_for(recipe, axes, scale, scale_name, exact)
    where = f"experiments/scales/{scale_name}.yaml"
    steps = _steps(values, axes, entry, recipe, f"{where}: {kind}.{axes[kind]}")
    if steps and values.get("warmup_steps", 0) >= steps:
        raise UserError(
            f"{where} or the experiment: {recipe}.warmup_steps: {values['warmup_steps']} must be below the {steps} updates on {axes[kind]}"
        )
    return entry, values, steps


def papers_axes(axes, exact):
    """Without the values that an experiment states for this scale only: at the paper's the recipe's stand instead."""
    return {axis: value for axis, value in axes.items() if axis not in exact}


def _start(plan, paper, axes, exact):
    """Nothing, the weights that the authors released, or a pre-training run with its share of the paper's schedule."""
    model, pretrain = _model_label(axes), axes["pretrain"]
    if pretrain == SCRATCH:
        return Start(f"{model}-scratch")
    entry = _entry(plan.scale, plan.scale_name, "pretrain", pretrain)
    if entry.released:
        note = f"{pretrain}: the weights that the authors released ({entry.released}) are where a transfer starts"
        return Start(f"{model}-released", init=f"released:{axes['model']}@{entry.released}", notes=(note,))
    recipe = axes.get("pretrain_with", "pretrain")
    entry, values, steps = at_scale(recipe, axes, "pretrain", plan.scale, plan.scale_name, exact)
    settled = config(values, axes, entry, plan.scale, seed=0, steps=steps, train_on="train", start={})
    label = f"{recipe}-{model}-{entry.name}"
    named = _named(axes, "pretrain", "epochs")
    known = {"recipe": recipe, "axes": named, "entry": entry, "classes": entry.classes}
    run = _add(plan, label, settled, pretrains=True, keeps_weights=True, **known)
    notes = tuple(filter(None, (values.get("assumed"), entry.note)))
    share = _share(plan, paper, recipe, axes, "pretrain", exact)
    schedule = {recipe: share} if share else {}
    return Start(label.removeprefix("pretrain-"), run, run, (recipe,), schedule, notes)


def _transfer(plan, axes, recipe, start, exact):
    """(sweep, runs): rates tried on the held-out part (B.1.1), then the seeds on everything with the best of them."""
    entry, values, steps = at_scale(recipe, axes, "transfer", plan.scale, plan.scale_name, exact)
    takes = TASKS[values["task"]]["start"]
    if start.init and "init" not in takes:
        raise UserError(
            f"experiments/recipes/{recipe}.yaml: {values['task']} cannot start from weights ({start.label})"
        )
    label = f"{recipe}-{start.label}-{entry.name}"
    shared = {"recipe": recipe, "axes": _named(axes, "transfer"), "entry": entry, "classes": entry.classes}
    shared["chain"] = start.upstream or f"scratch-{_model_label(axes)}"

    def add(name, seed, train_on, needs, **start_values):
        starts = {key: value for key, value in {"init": start.init, **start_values}.items() if key in takes}
        settled = config(values, axes, entry, plan.scale, seed=seed, steps=steps, train_on=train_on, start=starts)
        keeps = train_on == "all" and steps > 0
        return _add(plan, f"{label}-{name}", settled, needs=needs, keeps_weights=keeps, **shared)

    needs, rates = (start.upstream,) if start.upstream else (), values.get("lr")
    seeds = range(values.get("seeds", 1))
    if not isinstance(rates, list):
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
    epochs = values["epochs"] if varied else _epochs(values, axes, recipe)
    if entry.epochs and epochs not in entry.epochs:
        if not varied:
            raise UserError(f"{where}.epochs: nothing stands in for {epochs}; add it to this mapping")
        paper = min(entry.epochs, key=lambda known: abs(known - epochs))
        epochs *= entry.epochs[paper] / paper  # an experiment's number of epochs keeps its ratio to the paper's
    else:
        epochs = entry.epochs.get(epochs, epochs)
    return max(1, round(epochs * entry.images / values["batch_size"]))


def _epochs(values, axes, recipe):
    """The paper's number of epochs: the recipe's; where it lists several, the experiment names one of them."""
    choices = values["epochs"] if isinstance(values["epochs"], list) else [values["epochs"]]
    chosen = axes.get("epochs", choices[0] if len(choices) == 1 else None)
    if chosen not in choices:
        raise UserError(
            f"experiments/recipes/{recipe}.yaml: {axes['model']} on {axes['pretrain']}: epochs must be one of {choices}, the experiment says {chosen}"
        )
    return chosen


def _share(plan, paper, recipe, axes, kind, exact):
    """Images seen here as a fraction of the paper's; None where nothing is trained, or on a set of one's own."""
    if axes[kind] not in getattr(paper, kind):
        return None
    seen = []
    for scale, name, cell in ((plan.scale, plan.scale_name, axes), (paper, "paper", papers_axes(axes, exact))):
        _, values, steps = at_scale(recipe, cell, kind, scale, name, exact)
        seen.append(steps * values["batch_size"])
    return seen[0] / seen[1] if seen[1] else None


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
