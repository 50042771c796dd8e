"""Experiments x scale -> cells, and the runs that fill them (house rule: a run is finished or missing, never stale)."""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field

from vit.errors import UserError
from vit.plan import files
from vit.plan.resolve import check_axes, config, holds, load_experiment, load_scale, values_for

CODE_VERSION = 1  # hashed into every run id; raised when a correction of code changes numbers
TARGETS = (
    "help",
    "setup",
    "reproduce",
    "report",
    "plan",
    "status",
    "tensorboard",
    "test",
    "lint",
    "format",
    "clean",
    "bench",
)
SCRATCH = "none"  # the pre-training set of a model that starts from its initialisation


@dataclass(frozen=True)
class Run:
    """One training run: its config decides its name, its name is its folder."""

    id: str
    config: dict = field(hash=False)
    needs: tuple  # ids of the runs it starts from or chooses its learning rate by
    images: int  # training images it sees
    classes: int  # of its head, as far as cost is concerned
    chain: str  # runs of one chain may share a process

    @property
    def model(self):
        return self.config["model"]["init_args"]["model"]

    @property
    def options(self):
        return self.config["model"]["init_args"]["options"]

    @property
    def keeps_weights(self):
        """A point of a learning-rate sweep is measured on held-out images and leaves no weights; neither does what trains nothing."""
        final = self.id.startswith("pretrain-") or self.config["data"]["init_args"]["train_on"] == "all"
        return final and self.config["trainer"]["max_steps"] > 0

    @property
    def image_size(self):
        return self.config["data"]["init_args"]["image_size"]


@dataclass(frozen=True)
class Cell:
    """One number of a table: axis -> name, and the runs whose mean it is (none where the scale leaves it out)."""

    experiment: str
    axes: dict
    runs: tuple = ()
    upstream: str | None = None  # the pre-training run
    metric: str = "test_accuracy"
    schedule: dict = field(default_factory=dict)  # recipe -> images seen as a fraction of the paper's
    notes: tuple = ()

    def key(self, axes):
        return tuple(self.axes.get(axis) for axis in axes)


@dataclass
class Plan:
    """Everything that a scale runs."""

    scale_name: str
    scale: object
    experiments: dict
    cells: list = field(default_factory=list)
    runs: dict = field(default_factory=dict)  # id -> Run, in an order that can be followed

    def runs_of(self, experiment):
        """Ids of an experiment's runs, those they need included, in order."""
        wanted, stack = set(), [run for cell in self.cells if cell.experiment == experiment for run in cell.runs]
        while stack:
            run = stack.pop()
            if run not in wanted:
                wanted.add(run)
                stack.extend(self.runs[run].needs)
        return [run for run in self.runs if run in wanted]


def digest(settled):
    """The last part of a run's name: a hash of everything that can change its numbers."""
    return hashlib.sha256(json.dumps([CODE_VERSION, settled], sort_keys=True).encode()).hexdigest()[:10]


def experiment_names():
    """Every experiment there is: the paper's tables and figures, then the ablations."""
    paths = [*sorted(files.EXPERIMENTS.glob("*.yaml")), *sorted((files.EXPERIMENTS / "ablations").glob("*.yaml"))]
    names = [path.stem for path in paths]
    for position, path in enumerate(paths):
        if path.stem in TARGETS or path.stem in names[:position] or not re.fullmatch(r"[A-Za-z0-9._-]+", path.stem):
            raise UserError(
                f"{files.name_of(path)}: '{path.stem}' is taken or no name for make; call the file otherwise"
            )
    return names


def make_plan(scale_name, names=None):
    """Resolve the named experiments (default: all) at a scale."""
    plan = Plan(
        scale_name, load_scale(scale_name), {name: load_experiment(name) for name in names or experiment_names()}
    )
    paper = load_scale("paper")
    for name, experiment in plan.experiments.items():
        for axes in _expand(experiment, name):
            plan.cells.append(_cell(plan, paper, name, axes))
    return plan


def _expand(experiment, name):
    """Every combination of the grid with its settings, as one mapping each."""
    for combination in itertools.product(*experiment.grid.values()):
        axes = {}
        for axis, value in zip(experiment.grid, combination, strict=True):
            axes.update(
                {axis: value.get("label"), **{k: v for k, v in value.items() if k != "label"}}
                if isinstance(value, dict)
                else {axis: value}
            )
        if any(holds(condition, axes) for condition in experiment.leave_out):
            continue
        for setting in experiment.settings:
            conditions = {key: value for key, value in setting.items() if key in experiment.grid}
            if holds(conditions, axes):
                axes.update({key: value for key, value in setting.items() if key not in conditions})
        labels = [axis for axis, values in experiment.grid.items() if isinstance(values[0], dict)]
        check_axes({key: value for key, value in axes.items() if key not in labels}, f"experiments/{name}.yaml")
        yield axes


def _cell(plan, paper, name, axes):
    experiment = plan.experiments[name]
    same = experiment.same_run.get(axes.get("transfer"), {"transfer": axes.get("transfer"), "metric": "test_accuracy"})
    real = {**axes, "transfer": same["transfer"]}
    if any(names and real.get(axis) in names for axis, names in plan.scale.omit.items()):
        return Cell(name, axes)
    upstream, schedule, notes = None, {}, []
    if real["pretrain"] != SCRATCH:
        upstream, schedule["pretrain"], note = _pretrain(plan, paper, real)
        notes += note
    runs, schedule["finetune"] = _finetune(plan, paper, real, upstream)
    return Cell(name, axes, tuple(runs), upstream, same["metric"], schedule, tuple(notes))


def _entry(plan, kind, name):
    entries = getattr(plan.scale, kind)
    if name not in entries:
        known = files.nearest(name, entries) or f" (known: {', '.join(entries)})"
        raise UserError(
            f"experiments/scales/{plan.scale_name}.yaml: {kind}: nothing stands for '{name}'{known}; add it, or list it under omit"
        )
    return entries[name]


def _epochs(values, axes):
    """The paper's number of epochs: the row's own, or the one of its choices that the experiment names."""
    choices = values["epochs"] if isinstance(values["epochs"], list) else [values["epochs"]]
    chosen = axes.get("epochs", choices[0] if len(choices) == 1 else None)
    if chosen not in choices:
        raise UserError(
            f"experiments/recipes/pretrain.yaml: {axes['model']} on {axes['pretrain']}: epochs are {choices}; the experiment asks for {chosen}"
        )
    return chosen


def _pretrain(plan, paper, axes):
    """The pre-training run of a cell (Table 3): its id, its share of the paper's schedule, what had to be assumed."""
    entry = _entry(plan, "pretrain", axes["pretrain"])
    values = values_for("pretrain", axes, plan.scale, plan.scale_name)
    epochs = _epochs(values, axes)
    if entry.epochs and epochs not in entry.epochs:
        raise UserError(
            f"experiments/scales/{plan.scale_name}.yaml: pretrain.{axes['pretrain']}.epochs: nothing stands in for {epochs}"
        )
    steps = max(1, round(entry.epochs.get(epochs, epochs) * entry.images / values["batch_size"]))
    settled = config(values, axes, entry, plan.scale, seed=0, steps=steps, train_on="train", start={})
    run = _add(plan, f"pretrain-{_model_label(axes)}-{entry.name}", settled, needs=(), classes=entry.classes)
    full = epochs * paper.pretrain[axes["pretrain"]].images
    return run, steps * values["batch_size"] / full, [values["assumed"]] if "assumed" in values else []


def _finetune(plan, paper, axes, upstream):
    """The runs of a cell (Table 4, B.1.1): a sweep on the held-out part, then the seeds on everything with the best rate."""
    entry = _entry(plan, "transfer", axes["transfer"])
    values = values_for("finetune", axes, plan.scale, plan.scale_name)
    start = upstream.rsplit("-", 1)[0].removeprefix("pretrain-") if upstream else f"{_model_label(axes)}-scratch"
    label = f"finetune-{start}-{entry.name}"
    needs = (upstream,) if upstream else ()

    def add(name, seed, train_on, start, needs):
        settled = config(
            values,
            axes,
            entry,
            plan.scale,
            seed=seed,
            steps=values["steps"],
            train_on=train_on,
            start={"init": upstream, **start},
        )
        chain = upstream or f"scratch-{_model_label(axes)}"
        return _add(plan, f"{label}-{name}", settled, needs, classes=entry.classes, chain=chain)

    start = {"lr": values["lr"], "lr_from": []}
    if isinstance(values["lr"], list):
        sweep = [add(f"lr{lr:g}", 0, "train", {"lr": lr, "lr_from": []}, needs) for lr in values["lr"]]
        start, needs = {"lr": None, "lr_from": sweep}, (*needs, *sweep)
    runs = [add(f"seed{seed}", seed, "all", start, needs) for seed in range(values["seeds"])]
    theirs = values_for("finetune", axes, paper, "paper")
    return runs, values["steps"] * values["batch_size"] / (theirs["steps"] * theirs["batch_size"])


def _model_label(axes):
    """The model's name, and the options that an experiment gives it: 'ViT-B/16-gelu-erf'."""
    return "-".join([axes["model"], *(f"{key}-{value}" for key, value in axes.get("options", {}).items())])


def _add(plan, label, settled, needs, *, classes, chain=None):
    """Register a run under its name, label and digest."""
    name = "".join(c if c.isalnum() or c in ".+-" else "-" for c in label) + f"-{digest(settled)}"
    images = settled["trainer"]["max_steps"] * settled["data"]["init_args"]["batch_size"]
    plan.runs.setdefault(name, Run(name, settled, tuple(needs), images, classes, chain or name))
    return name
