"""Checkpoints in parts: a folder with a file from each process, what is not divided in meta.pt, and the checksums of both.

torch's distributed checkpoints have no checksums: a damaged part would be met in the middle of loading, or not at all.
"""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from vit.atomic import write_text

META, SUMS = "meta.pt", "checksums.json"  # Lightning gives the first its name
BYTES = 2**24  # read at a time


def seal(folder: Path) -> None:
    """Write the checksums: last, so that a folder without them is incomplete."""
    write_text(folder / SUMS, json.dumps(sums(folder), indent=1) + "\n")


def is_sealed(folder: Path) -> bool:
    """Whether every byte is as it was written; reads all of them."""
    try:
        return json.loads((folder / SUMS).read_text()) == sums(folder)
    except (OSError, ValueError):
        return False


def sums(folder: Path) -> dict[str, int]:
    """Name -> CRC-32 of each file but that of the checksums."""
    return {path.name: crc32(path) for path in sorted(folder.iterdir()) if path.name != SUMS}


def crc32(path: Path) -> int:
    total = 0
    with open(path, "rb") as file:
        while part := file.read(BYTES):
            total = zlib.crc32(part, total)
    return total


def assembled(folder: Path) -> dict:
    """The checkpoint as one device would have written it: any number of devices goes on from it."""
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

    with TemporaryDirectory(dir=folder.parent, prefix=".", suffix=".part") as temporary:
        file = Path(temporary) / "whole.pt"
        dcp_to_torch_save(folder, file)
        tensors = torch.load(file, weights_only=False)
    checkpoint = torch.load(folder / META, map_location="cpu", weights_only=False)
    optimizers = [by_number(tensors[name]) for name in sorted(tensors) if name.startswith("optimizer_")]
    return {**checkpoint, "state_dict": tensors["state_dict"], "optimizer_states": optimizers}


def by_number(optimizer: dict) -> dict:
    """The state of an optimizer with its parameters numbered in the order of the groups, as torch's optimizers have it, not named."""
    groups = optimizer["param_groups"]
    numbers = {name: number for number, name in enumerate(name for group in groups for name in group["params"])}
    return {
        "state": {numbers[name]: state for name, state in optimizer["state"].items()},
        "param_groups": [{**group, "params": [numbers[name] for name in group["params"]]} for group in groups],
    }


def by_name(optimizer: dict, names: Sequence[str]) -> dict:
    """The opposite of by_number. names: of the parameters in the order of the groups."""
    return {
        "state": {names[number]: state for number, state in optimizer["state"].items()},
        "param_groups": [
            {**group, "params": [names[number] for number in group["params"]]} for group in optimizer["param_groups"]
        ],
    }
