"""`python -m vit check`: before the first run of a scale, its data modules, tasks and models are made once.

What the planner cannot know without torch is found here in seconds, not when a run starts: class paths, arguments of data
modules and tasks and their types, sizes that do not fit together. Models are made on the meta device, so nothing is allocated.
"""

import json
from functools import cache
from importlib import import_module

import torch
from lightning import LightningDataModule, LightningModule

from vit.errors import UserError, reason
from vit.paths import name_of
from vit.plan.own_code import sizes_of
from vit.plan.resolve import experiment_path, key_of
from vit.run.argument_errors import OneLineErrorParser

VARIED = ("seed", "train_on", "lr", "lr_from", "init")  # runs of one setting differ in these
MADE = {"model": "", "options": {}, "num_classes": 1, "image_size": 1}  # a task's arguments that make its model


def find_mistakes(plan) -> dict[str, str]:
    """Experiment, by its path in experiments/ -> its first mistake: file, key and what is wrong."""
    sound, wrong, mistakes = set(), {}, {}
    for name in plan.experiments:
        for run in (plan.runs[run_id] for run_id in plan.runs_of(name)):
            for settings_of, mistake_in, source_of in (
                (data_settings, data_mistake, data_source),
                (model_settings, model_mistake, model_source),
            ):
                settings = settings_of(run)
                if not settings <= sound and settings not in wrong:
                    wrong[settings] = mistake_in(run)
                if wrong.get(settings):
                    mistakes.setdefault(
                        key_of(experiment_path(name)), f"{source_of(plan, run, name)}: {wrong[settings]}"
                    )
                else:
                    sound |= settings
    return mistakes


def data_settings(run) -> frozenset[str]:
    """What a data module is made from: the same for runs that differ in seed or part only."""
    return frozenset([_text(run.config["data"]["class_path"], _fixed(run.config["data"]["init_args"]))])


def model_settings(run) -> frozenset[str]:
    """A model with its sizes, and a task with its values. Each is made once, not every pair of the two."""
    arguments = _fixed(run.config["model"]["init_args"])
    model = {key: arguments.pop(key) for key in ("model", "options")}
    return frozenset([_text(model, run.image_size), _text(run.config["model"]["class_path"], arguments)])


def _fixed(arguments):
    return {key: value for key, value in arguments.items() if key not in VARIED}


def _text(*parts):
    return json.dumps(parts, sort_keys=True)


def data_mistake(run) -> str | None:
    """The data module: its class, the names and types of its arguments, and what its constructor refuses."""
    part = run.config["data"]
    try:
        parse("data", part["class_path"], json.dumps(part["init_args"]))
        check_labels(class_of(part["class_path"])(**part["init_args"]), run.entry)
    except Exception as error:
        return f"{part['class_path']}: {_cause(error)}"
    return None


def check_labels(module: LightningDataModule, entry) -> None:
    """Whether a set has one label an image is said twice: by its class, and by the scale for the planner."""
    said, several = getattr(entry, "multi_label", None), getattr(module, "multi_label", False)
    if said is None and several:
        raise UserError("a multi-label set cannot be listed under tested_on")
    if said is not None and said != several:
        raise UserError(f"multi_label must be {str(several).lower()}, as the class has it")


def model_mistake(run) -> str | None:
    """The task with its model, as LightningCLI makes them: names and values of options, sizes that fit together."""
    path, arguments = run.config["model"]["class_path"], run.config["model"]["init_args"]
    arguments = {**arguments, "num_classes": run.classes, "image_size": run.image_size}
    same = {key: value for key, value in {"lr": 0.1, "lr_from": [], "init": "run"}.items() if key in arguments}
    try:
        parse("model", path, json.dumps({**arguments, **same, **MADE}))
        with torch.device("meta"):
            class_of(path)(**arguments)
    except Exception as error:
        return _cause(error)
    return None


@cache
def parser() -> OneLineErrorParser:
    """LightningCLI's, of the two parts of a config that name classes; it takes a quarter of a second to make."""
    parser = OneLineErrorParser()
    for part, kind in (("data", LightningDataModule), ("model", LightningModule)):
        parser.add_lightning_class_args(kind, part, subclass_mode=True, required=False)
    return parser


@cache  # a twentieth of a second each
def parse(name: str, path: str, arguments: str) -> None:
    """UserError for a class that there is not, and for arguments (JSON) that it does not have or that are of another type."""
    import_module(path.rpartition(".")[0])  # jsonargparse hides an error in a module
    try:
        parser().parse_object({name: {"class_path": path, "init_args": json.loads(arguments)}})
    except UserError as error:
        raise UserError(str(error).removeprefix(f"--{name}.init_args.").removeprefix(f"--{name}: ")) from None


def class_of(path: str):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _cause(error):
    return reason(error) if isinstance(error, UserError | ValueError) else f"{reason(error)} ({type(error).__name__})"


def data_source(plan, run, name) -> str:
    """experiments/scales/mini.yaml: transfer.CIFAR-10"""
    kinds = (("pretrain", plan.scale.pretrain), ("transfer", plan.scale.transfer), ("tested_on", plan.scale.tested_on))
    key = next(
        (f"{kind}.{key}" for kind, entries in kinds for key, entry in entries.items() if entry is run.entry), "?"
    )
    return f"experiments/scales/{plan.scale_name}.yaml: {key}"


def model_source(plan, run, name) -> str:
    """The experiment, its model, and the file where its sizes are, beside those of its name."""
    named = sizes_of(run.model)
    sizes = plan.scale.models.get(named, {})
    given = {key: value for key, value in run.options.items() if key not in sizes or sizes[key] != value}
    task = run.config["model"]["class_path"]
    words = [f"{name_of(experiment_path(name))}: model {run.model}"]
    words += [f"task {task} of experiments/recipes/{run.recipe}.yaml"] if not task.startswith("vit.") else []
    words += [f"options {json.dumps(given)}"] if given else []
    words += [f"sizes of experiments/scales/{plan.scale_name}.yaml: models.{named}"] if sizes else []
    return ", ".join([*words, f"{run.recipe or 'evaluation'}.image_size {run.image_size}"])
