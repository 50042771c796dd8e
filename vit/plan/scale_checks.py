"""The parts of a scale fit together, and its names occur in experiments: checked before anything starts, named with file and key."""

import fnmatch
import re

from vit.errors import UserError
from vit.plan.checks import check_texts, names_of
from vit.plan.kinds import count, positive
from vit.plan.model_options import check_options
from vit.plan.yaml_files import check_keys

CLASS_PATH = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"


def check_models(scale, where):
    """Options that stand in for a model's own."""
    for model, options in scale.models.items():
        check_options(model, options, f"{where}: models.{model}")


def check_names(scale, experiments, where):
    """The models and the names under `omit` occur in some experiment: others are slips of the pen."""
    models = {model for experiment in experiments.values() for model in names_of("model", experiment.grid)}
    check_keys(scale.models, sorted(models), f"{where}: models")
    for key, patterns in scale.omit.items():
        name, _, axis = key.rpartition(".")
        grids = [experiment.grid for known, experiment in experiments.items() if name in ("", known)]
        known = sorted({str(value) for grid in grids for value in names_of(axis, grid)})
        check_keys(
            [pattern for pattern in patterns if not fnmatch.filter(known, str(pattern))], known, f"{where}: omit.{key}"
        )


def check_class_path(entry, where):
    """The data module of a data set and its arguments, as far as it can be told without importing it."""
    check_texts(entry.args, f"{where}.args")
    if not re.fullmatch(CLASS_PATH, entry.data):
        hint = f", did you mean 'data.{entry.data}'?" if entry.data.isidentifier() else ""
        raise UserError(f"{where}.data: a class path such as data.MNIST5k was expected, found '{entry.data}'{hint}")


def check_entry(entry, where):
    """One data set of a scale."""
    check_class_path(entry, where)
    for key in ("images", "classes"):
        if not count(getattr(entry, key)):
            raise UserError(f"{where}.{key}: a whole number above 0 was expected, found {getattr(entry, key)!r}")
    for paper, ours in entry.epochs.items():
        if not positive(paper) or not positive(ours):
            raise UserError(
                f"{where}.epochs: {paper!r}: {ours!r}: two numbers above 0 were expected, the paper's and ours"
            )


def check_omit(omit, where):
    """Lists of names, or of numbers."""
    for key, names in omit.items():
        if not isinstance(names, list) or any(isinstance(name, list | dict | bool) for name in names):
            raise UserError(f"{where}.{key}: a list of names was expected, found {names!r}")
