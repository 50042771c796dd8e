"""The runs of a cell: a pre-training (Table 3), then a sweep on held-out images and the seeds with the best rate (Table 4)."""

from fnmatch import fnmatchcase
from functools import partial

from vit import paths
from vit.errors import UserError
from vit.plan.cells import Cell
from vit.plan.checks import check_metric
from vit.plan.lengths import at_scale, entry_of, share_of
from vit.plan.model_options import check_options
from vit.plan.multi_label import check_recipe, default_metric
from vit.plan.precision import parts
from vit.plan.recipe_values import EVALUATE, TASKS
from vit.plan.registered import add_run, model_label, named
from vit.plan.resolve import config, experiment_path, load_recipe
from vit.plan.starts import starts_of
from vit.plan.stated_in import stated_in


def fill(plan, paper, name, axes):
    """The cell with these axes, its runs planned; without runs where the scale leaves it out."""
    same = plan.experiments[name].same_run.get(axes["transfer"], {"transfer": axes["transfer"]})
    axes_run = {**axes, "transfer": same["transfer"]}
    scales = plan.experiments[name].scales
    if left_out(plan.scale, name, axes_run) or (scales and parts(plan.scale_name)[0] not in scales):
        return Cell(name, axes)
    where = paths.name_of(experiment_path(name))
    check_options(axes["model"], axes.get("options", {}), f"{where}: options")
    entry = entry_of(plan.scale, plan.scale_name, "transfer", axes_run["transfer"])
    cell_metric = axes.get("metric", same.get("metric", default_metric(entry)))
    exact = plan.experiments[name].exact(plan.scale_name)
    starts = starts_of(plan, paper, axes_run, exact)
    start, upstreams = starts[0], tuple(start.upstream for start in starts if start.upstream)
    recipes = axes.get("transfer_with", "finetune")
    recipes = recipes if isinstance(recipes, list) else [recipes]
    choices = [_transfer(plan, axes_run, recipe, starts, exact) for recipe in recipes]
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
        if (share := share_of(plan.runs[run].images, paper, recipe, axes_run, "transfer", exact))
    }
    return Cell(
        name, axes, tuple(run for sweep, runs in choices for run in runs), tuple(choices) if len(choices) > 1 else (),
        select_by, upstreams, (*start.recipes, *recipes), cell_metric, {**start.schedule, **shares}, tuple(filter(None, notes)),
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


def _transfer(plan, axes, recipe, starts, exact):
    """(sweep, runs): rates tried on the held-out part (B.1.1), then the seeds on everything with the best of them.

    starts: of each pre-training. The rates are tried from the first one only, as they are chosen once for all seeds.
    """
    entry, values, steps = at_scale(recipe, axes, "transfer", plan.scale, plan.scale_name, exact)
    source = partial(stated_in, recipe, axes=axes, scale=plan.scale, scale_name=plan.scale_name)
    check_recipe(entry, values, f"transfer.{axes['transfer']} of experiments/scales/{plan.scale_name}.yaml", source)
    task = TASKS[values["task"]]
    takes, later = task["start"], task.get("later", {})
    labels = {"multi_label": True} if entry.multi_label else {}
    # what is not chosen from a sweep, such as its points, is the same run whatever would be chosen by
    point = values | {key: later[key] for key in ("select_by",) if key in later}
    if starts[0].init and "init" not in takes:
        raise UserError(
            f"experiments/recipes/{recipe}.yaml: {values['task']} cannot start from weights ({starts[0].label})"
        )
    shared = {"recipe": recipe, "axes": named(axes, "transfer"), "entry": entry, "classes": entry.classes}

    def add(start, name, seed, train_on, needs, **start_values):
        states = {key: value for key, value in {"init": start.init, **start_values, **labels}.items() if key in takes}
        stated = values if start_values["lr_from"] else point
        settled = config(stated, axes, entry, plan.scale, seed=seed, steps=steps, train_on=train_on, start=states)
        keeps = train_on == "all" and steps > 0
        label, chain = f"{recipe}-{start.label}-{entry.name}-{name}", start.upstream or f"scratch-{model_label(axes)}"
        needs = (*filter(None, [start.upstream]), *needs)
        return add_run(plan, label, settled, needs=needs, keeps_weights=keeps, chain=chain, **shared)

    def add_seeds(needs, **rate):
        seeds = range(values.get("seeds", 1))
        return tuple(add(start, f"seed{seed}", seed, "all", needs, **rate) for start in starts for seed in seeds)

    rates = values.get("lr")
    if not isinstance(rates, list):
        if f"{recipe}.select_by" in axes:
            raise UserError(
                f"{source('lr')}.lr: with one learning rate {recipe}.select_by: {values['select_by']} has no effect; make it a list"
            )
        return (), add_seeds((), lr=rates, lr_from=[])
    sweep = tuple(add(starts[0], f"lr{rate:g}", 0, "train", (), lr=rate, lr_from=[]) for rate in rates)
    return sweep, add_seeds(sweep, lr=None, lr_from=list(sweep))


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
    return add_run(plan, label, settled, keeps_weights=False, needs=(name,), chain=run.chain, **known)
