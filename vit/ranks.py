"""Several processes, one run: how many the launcher started (torchrun, srun), and which of them locks, writes and speaks."""

import os

from vit.errors import UserError


def leads():
    """Is this the process that locks, writes and speaks? True of a process that is alone."""
    alone = ("NODE_RANK", "LOCAL_RANK")  # or among the children that Lightning itself started
    places = ("RANK",) if "RANK" in os.environ else ("SLURM_PROCID",) if tasks() > 1 else alone
    return not any(int(os.environ.get(name, 0)) for name in places)


def tasks():
    """Processes that srun started."""
    return int(os.environ.get("SLURM_NTASKS", 1))


def devices():
    """Trainer arguments: what torchrun or srun started, else VIT_DEVICES; nothing where Lightning shall take all it finds."""
    if "LOCAL_WORLD_SIZE" in os.environ:
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        return {"devices": here, "num_nodes": int(os.environ["WORLD_SIZE"]) // here}
    if tasks() > 1:
        nodes = int(os.environ.get("SLURM_NNODES", 1))
        return {"devices": tasks() // nodes, "num_nodes": nodes}
    wanted = positive("VIT_DEVICES")
    return {"devices": wanted} if wanted else {}


def positive(name):
    """The whole number above 0 in an environment variable, or None where it is not set."""
    return whole_number(name, 1, "above 0")


def whole_number(name, least=0, told="from 0 on"):
    """The whole number in an environment variable, or None where it is not set."""
    text = os.environ.get(name, "")
    if text and (not text.isdecimal() or int(text) < least):
        raise UserError(f"{name}: a whole number {told} was expected, found {text!r}")
    return int(text) if text else None
