"""Files of torch.save: nested dictionaries become one of named tensors; no code in them is run."""

import argparse
import pickle
import re
import struct
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.file import few

HARMLESS = [argparse.Namespace]  # many training scripts save their arguments so: names and values, no code
# torch.load interprets the pickle's opcodes itself, so wrong bytes raise what a wrong stack or memo raises in Python.
TORCH_ERRORS = (OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, struct.error)
PROGRAMS = {  # a member of the archive: what wrote it, how to save its weights alone
    "constants.pkl": ("a TorchScript archive", "torch.jit.load(FILE).state_dict()"),
    "archive_format": ("an archive of torch.export", "torch.export.load(FILE).state_dict"),
}


def unpickled(path: Path):
    """The file's content. UserError if it holds other objects than tensors, TORCH_ERRORS if it is damaged."""
    try:
        with torch.serialization.safe_globals(HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        names = unsafe_objects(error, path)
        held = f" (it holds {few(names)})" if names else ""
        raise UserError(
            f"{name_of(path)}: a pickle with other objects than tensors is not opened{held}; "
            "where it was made, save the weights alone: torch.save(model.state_dict(), FILE)"
        ) from None


def named_tensors(content, path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """({name: tensor}, names of what is no tensor); keys of nested dictionaries are joined with dots."""
    tensors, others = flat(content)
    if not tensors:
        raise UserError(f"{name_of(path)}: a torch file without named tensors; expected a state dict")
    return tensors, others


def refuse_programs(path: Path, members: Sequence[str]) -> None:
    """UserError if the members of a zip file are those of a compiled program, which holds code besides weights."""
    for member in members:
        if program := PROGRAMS.get(member.rpartition("/")[2]):
            kind, weights = program
            raise UserError(
                f"{name_of(path)}: {kind}, a program with its weights, is not opened; "
                f"save the weights alone: torch.save({weights}, OTHER_FILE)"
            )


def unsafe_objects(error: Exception, path: Path) -> list[str]:
    """'a.B': the classes and functions that the pickle imports, as far as they can be listed."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # it cannot list files older than torch's zip format, nor damaged ones
        return re.findall(r"GLOBAL ([\w.]+)", str(error))


def flat(content) -> tuple[dict[str, Tensor], list[str]]:
    """All tensors of nested dictionaries under dotted names, and the names of everything else."""
    tensors, others = {}, []
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, torch.Tensor):
            tensors[str(key)] = value
        elif isinstance(value, dict) and value and all(isinstance(inner, str) for inner in value):
            inner_tensors, inner_others = flat(value)
            tensors |= {f"{key}.{name}": tensor for name, tensor in inner_tensors.items()}
            others += [f"{key}.{name}" for name in inner_others]
        else:
            others.append(str(key))
    return tensors, others
