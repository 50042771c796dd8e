"""Files of torch.save, whatever lies around the tensors in them: dictionaries in dictionaries become one, and no code is run."""

import argparse
import pickle
import re

import torch

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.file import few

HARMLESS = [argparse.Namespace]  # the arguments of many training scripts: names and values, no code
PROGRAMS = {  # a member of the archive: what wrote it, how its weights are saved alone
    "constants.pkl": ("a TorchScript archive", "torch.jit.load(FILE).state_dict()"),
    "archive_format": ("an archive of torch.export", "torch.export.load(FILE).state_dict"),
}


def read_torch(path):
    """({name: tensor}, names of what is no tensor); dictionaries within dictionaries have names with dots."""
    try:
        with torch.serialization.safe_globals(HARMLESS):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{name_of(path)}: a pickle with other things than tensors is not opened{objects(error, path)}; "
            "where it was made, save the weights alone: torch.save(model.state_dict(), FILE)"
        ) from None
    tensors, others = flat(content)
    if not tensors:
        raise UserError(f"{name_of(path)}: a torch file, but not of named tensors; expected a state dict")
    return tensors, others


def refuse_programs(path, members):
    """Some zip files hold a program as well; they are recognised by what is in them."""
    for member in members:
        if program := PROGRAMS.get(member.rpartition("/")[2]):
            what, way = program
            raise UserError(
                f"{name_of(path)}: {what}, a program with its weights, is not opened; "
                f"save those alone: torch.save({way}, OTHER_FILE)"
            )


def objects(error, path):
    """' (it holds a.B, c.D)': the classes and functions that the pickle asks for, as far as they can be listed."""
    try:
        names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # files older than the zip format are not listed, damaged ones neither
        names = re.findall(r"GLOBAL ([\w.]+)", str(error))
    return f" (it holds {few(names)})" if names else ""


def flat(content):
    """All tensors of nested dictionaries, by names joined with dots, and the names of everything else."""
    tensors, others = {}, []
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, torch.Tensor):
            tensors[str(key)] = value
        elif isinstance(value, dict) and value and all(isinstance(inner, str) for inner in value):
            inside, beside = flat(value)
            tensors |= {f"{key}.{name}": tensor for name, tensor in inside.items()}
            others += [f"{key}.{name}" for name in beside]
        else:
            others.append(str(key))
    return tensors, others
