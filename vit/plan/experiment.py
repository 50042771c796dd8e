"""Experiments x scale -> cells, and the runs that fill them (house rule: a run is finished or missing, never stale)."""

import itertools
import re

from vit import paths
from vit.errors import UserError
from vit.plan import measured_speed
from vit.plan.cells import Plan
from vit.plan.checks import check_cells, keys_inside
from vit.plan.facts import fact_of
from vit.plan.inspection import INSPECT
from vit.plan.precision import parts
from vit.plan.recipe_values import recipe_values
from vit.plan.resolve import experiment_path, holds, key_of, load_experiment, load_recipe, load_scale
from vit.plan.runs import fill
from vit.plan.scale_checks import check_names
from vit.plan.schema import SCRATCH
from vit.plan.stand_ins import with_options
from vit.plan.stated_in import with_path

CLAIMS = "claims"  # experiments/claims.yaml says what is concluded from experiments; it is none
MAKE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
TARGETS = (  # of the Makefile; a test holds them equal
    *(
        "help",
        "setup",
        "reproduce",
        "tables",
        "figures",
        "report",
        "verify",
        "memory",
        "again",
        "plan",
        "status",
        "tensorboard",
        "cancel",
        "retry",
        "claim",
        "claims",
        "data",
        "data-check",
    ),
    *("new-ablation", "test", "lint", "format", "clean", "bench", "bench-data", "bench-report"),
)


def experiment_files():
    """Every experiment: the paper's tables and figures, then the ablations."""
    papers = (path for path in paths.EXPERIMENTS.glob("*.yaml") if path.stem != CLAIMS)
    return [*sorted(papers), *sorted((paths.EXPERIMENTS / "ablations").glob("*.yaml"))]


def misspelt_files():
    """Files that somebody meant as experiments."""
    return [path for folder in ("", "ablations") for path in sorted((paths.EXPERIMENTS / folder).glob("*.yml"))]


def check_name(path):
    """UserError for a name that make cannot use for a target."""
    twin = paths.EXPERIMENTS / path.name
    if path.stem in TARGETS or (path != twin and twin.exists()) or not re.fullmatch(MAKE_NAME, path.stem):
        raise UserError(
            f"{paths.name_of(path)}: '{path.stem}' is the name of another make target, or has characters that make cannot use; choose another name"
        )


def make_plan(scale_name, names=None):
    """Resolve the named experiments at a scale; a mistake in one of them is a UserError.

    Without names, all there are: one with a mistake is left out, its error in `broken`, and the others go on.
    """
    paper = load_scale("paper")
    plan = Plan(scale_name, load_scale(scale_name), paper, {})
    for name in names or ():
        add_experiment(plan, paper, name)
    for path in experiment_files() if names is None else ():
        try:
            check_name(path)
            add_experiment(plan, paper, path.stem)
        except UserError as error:
            plan.broken[key_of(path)] = str(error)
    for path in misspelt_files() if names is None else ():
        plan.broken[key_of(path)] = f"{paths.name_of(path)}: experiments end in .yaml; rename it to {path.stem}.yaml"
    if names is None and not plan.broken:
        check_names(plan.scale, plan.experiments, f"experiments/scales/{scale_name}.yaml")
    return plan


def add_experiment(plan, paper, name):
    """All of its cells and runs, or none."""
    known, likes = set(plan.runs), (parts(plan.scale_name)[0], plan.scale.like)
    experiment = load_experiment(name).seen_from(plan.scale_name, *likes)
    where = paths.name_of(experiment_path(name))
    plan.experiments[name] = experiment
    try:
        combinations = list(_expand(experiment, where, plan.scale_name))
        facts = [fact_of(plan, paper, name, axes) for axes in combinations if experiment.facts]
        if not experiment.facts:
            _check_recipes(experiment, combinations, where)
            _check_arrays(experiment, combinations, where)
            _check_compute(experiment, combinations, where)
        cells = [fill(plan, paper, name, axes) for axes in combinations if not experiment.facts]
        check_cells([*cells, *(fact.cell for fact in facts)], experiment, where)
    except UserError as error:
        del plan.experiments[name]
        for run in set(plan.runs) - known:
            del plan.runs[run]
        raise UserError(with_path(str(error), where)) from None
    plan.cells += cells
    plan.facts += facts


def _check_recipes(experiment, combinations, where):
    """UserError for a value of a recipe that no cell takes: varying it would change nothing."""
    taken = {recipe for axes in combinations for recipe in _recipes_of(axes)}
    for axis in (
        *experiment.grid,
        *keys_inside(experiment.grid),
        *(key for setting in experiment.settings for key in setting),
    ):
        recipe, dot, _ = axis.partition(".")
        if dot and combinations and recipe not in taken:
            raise UserError(
                f"{where}: {axis}: no cell takes the recipe {recipe}, but {', '.join(sorted(taken))}; name it under pretrain_with or transfer_with"
            )


def _check_arrays(experiment, combinations, where):
    """UserError for a picture of arrays where a cell's runs leave none."""
    if not isinstance(experiment.picture, dict):
        return
    for recipe in dict.fromkeys(recipe for axes in combinations for recipe in _transfers_of(axes)):
        if "shown_images" not in recipe_values(load_recipe(recipe)["task"]):
            raise UserError(
                f"{where}: picture: {', '.join(experiment.picture)}: drawn from arrays that runs of {INSPECT} leave, but"
                f" {recipe} is {load_recipe(recipe)['task']}; write transfer_with: [inspect]"
            )


def _check_compute(experiment, combinations, where):
    """UserError for a picture of accuracies where every cell is a measured speed."""
    metrics = {axes.get("metric") for axes in combinations}
    if experiment.picture == "compute" and metrics and metrics <= measured_speed.UNITS.keys():
        raise UserError(
            f"{where}: picture: compute draws accuracies, but every cell shows {' or '.join(sorted(metrics))}; take bars or dots"
        )


def _transfers_of(axes):
    """Names of the recipes of a cell's last runs."""
    transfer = axes.get("transfer_with", "finetune")
    return transfer if isinstance(transfer, list) else [transfer]


def _recipes_of(axes):
    """Names of the recipes of a cell."""
    pretrain = [] if axes["pretrain"] == SCRATCH else [axes.get("pretrain_with", "pretrain")]
    return [*pretrain, *_transfers_of(axes)]


def _expand(experiment, where, scale_name):
    """Every combination of the grid with its settings, as one mapping each."""
    grid = {**experiment.grid, **experiment.at.get(scale_name, {})}
    for combination in itertools.product(*grid.values()):
        axes = _together(grid, combination, where)
        if any(holds(condition, axes) for condition in experiment.leave_out):
            continue
        for setting in experiment.settings:
            conditions = {key: value for key, value in setting.items() if key in grid or key in axes}
            if holds(conditions, axes):
                axes.update({key: value for key, value in setting.items() if key not in conditions})
        yield axes


def _together(grid, combination, where):
    """One mapping of a combination: a value that is a mapping sets several axes, and options of several add up."""
    axes = {}
    for axis, value in zip(grid, combination, strict=True):
        added = {axis: value}
        if isinstance(value, dict):
            added = {axis: value.get("label"), **{key: part for key, part in value.items() if key != "label"}}
        for key in added.keys() & axes.keys() - {"options"}:
            if added[key] != axes[key]:
                raise UserError(
                    f"{where}: grid.{axis}: {key}: {added[key]!r}, but another axis sets {axes[key]!r} in the same cell;"
                    " one axis sets it, with a mapping for each combination"
                )
        options = with_options(axes.get("options", {}), added.get("options", {}), f"{where}: grid.{axis}: options")
        axes.update(added, **({"options": options} if options else {}))
    return axes
