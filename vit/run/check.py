"""`python -m vit check`: before the first run of a scale, each of its data modules, tasks and models is made once.

What the planner cannot know without torch is found here in seconds, not when a run starts: class paths, arguments of data
modules and their types, sizes that do not fit together. Models are made on the meta device, so nothing is allocated.
"""

import json
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO

import torch

import data
from vit.errors import nearest, reason
from vit.run.cli import PaperCLI
from vit.run.runner import hidden_arguments, silence_lightning

VARIED = ("seed", "train_on", "lr", "lr_from", "init")  # runs of one setting differ in these


class ParserOnly(PaperCLI):
    """Parses a config and makes nothing of it."""

    def before_instantiate_classes(self):
        pass

    def instantiate_classes(self):
        pass


def find_mistakes(plan) -> dict[str, str]:
    """Experiment -> its first mistake: file, key and what is wrong."""
    silence_lightning()
    checked, mistakes = {}, {}
    for name in plan.experiments:
        for run in (plan.runs[run_id] for run_id in plan.runs_of(name)):
            for part, check in (("data", check_data), ("model", check_model)):
                setting = setting_of(run, part)
                if setting not in checked:
                    checked[setting] = check(plan, run)
                if checked[setting]:
                    mistakes.setdefault(name, checked[setting])
    return mistakes


def setting_of(run, part: str) -> str:
    """What a part of the config is made from, the same for runs that differ in seed or learning rate only."""
    arguments = {key: value for key, value in run.config[part]["init_args"].items() if key not in VARIED}
    return json.dumps([part, run.config[part]["class_path"], arguments, run.image_size, run.classes], sort_keys=True)


def check_data(plan, run) -> str | None:
    """The data module: its class, the names and types of its arguments, and what its constructor refuses."""
    where = f"experiments/scales/{plan.scale_name}.yaml: {key_of(run.entry, plan.scale)}"
    path, arguments = run.config["data"]["class_path"], run.config["data"]["init_args"]
    if path.startswith("data.") and not hasattr(data, path.removeprefix("data.")):
        return f"{where}: no data module '{path}'{nearest(path, [f'data.{name}' for name in data.__all__])}"
    try:
        with redirect_stdout(StringIO()), hidden_arguments():
            ParserOnly(args=run.config, run=False, save_config_callback=None, parser_kwargs={"exit_on_error": False})
        class_of(path)(**arguments)
    except Exception as error:
        return f"{where}: {path}: {reason(error)}"
    return None


def check_model(plan, run) -> str | None:
    """The task with its model, as LightningCLI makes them: names and values of options, sizes that fit together."""
    arguments = {**run.config["model"]["init_args"], "num_classes": run.classes, "image_size": run.image_size}
    try:
        with torch.device("meta"):
            class_of(run.config["model"]["class_path"])(**arguments)
    except Exception as error:
        options = f" with {json.dumps(run.options)}" if run.options else ""
        return f"{run.model}{options} at {run.image_size} x {run.image_size}, scale {plan.scale_name}: {reason(error)}"
    return None


def class_of(path: str):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def key_of(entry, scale) -> str:
    """'transfer.CIFAR-10': where a scale has this entry."""
    kinds = (("pretrain", scale.pretrain), ("transfer", scale.transfer), ("tested_on", scale.tested_on))
    return next((f"{kind}.{name}" for kind, entries in kinds for name, known in entries.items() if known is entry), "?")
