"""Registers runs: their names, their ids, and what the planner knows of them."""

import re
from dataclasses import replace

from vit.plan.cells import Run, digest

NOT_IN_A_NAME = re.compile(r"[^\w.+-]|_")


def model_label(axes):
    """The model's name, and the options that an experiment gives it: 'ViT-B/16-gelu-erf'."""
    return "-".join([axes["model"], *(f"{key}-{value}" for key, value in axes.get("options", {}).items())])


def named(axes, *wanted):
    """Run.axes: the cell's model, and those of the wanted axes that it has."""
    return {axis: axes[axis] for axis in ("model", *wanted) if axis in axes}


def add_run(
    plan, label, settled, *, recipe, axes, entry, classes, keeps_weights, needs=(), chain=None, pretrains=False
):
    """Register a run; returns its id. Of runs with equal ids, which several cells may want, the first is kept.

    Such a run is watched (callbacks that are no part of the id) if any of these cells wants it.
    """
    name = NOT_IN_A_NAME.sub("-", label)
    run_id = f"{name}-{digest(settled)}"
    images = settled["trainer"]["max_steps"] * settled["data"]["init_args"]["batch_size"]
    run = Run(
        run_id, name, settled, recipe, axes, entry, needs, images, classes, chain or run_id, pretrains, keeps_weights
    )
    known = plan.runs.setdefault(run_id, run)
    if len(settled["trainer"].get("callbacks", ())) > len(known.config["trainer"].get("callbacks", ())):
        plan.runs[run_id] = replace(known, config=settled)
    return run_id
