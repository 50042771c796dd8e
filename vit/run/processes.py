"""Several processes, one run: which launcher started this one, how many it started, which of them leads. Lightning is told.

A process inside a Slurm job is one of srun's only if it belongs to a step: a batch script or a shell in an allocation sees
the same SLURM_NTASKS and is alone.
"""

import os
import re
from dataclasses import dataclass

from vit.errors import UserError


@dataclass(frozen=True)
class Launch:
    """What torchrun or srun says of a process: its rank among `processes`, on how many nodes, how many on this one."""

    by: str  # "torchrun" or "srun"
    processes: int
    rank: int
    here: int  # processes on this node
    local_rank: int
    nodes: int
    node: int


def launch():
    """The Launch that this process belongs to, or None: it is alone, or Lightning itself started it."""
    if "LOCAL_WORLD_SIZE" in os.environ:
        here, world = number("LOCAL_WORLD_SIZE"), number("WORLD_SIZE")
        node = number("GROUP_RANK", number("RANK") // here)
        return Launch("torchrun", world, number("RANK"), here, number("LOCAL_RANK"), world // here, node)
    if "SLURM_STEP_ID" not in os.environ or "SLURM_PTY_PORT" in os.environ:  # the latter: a shell, `srun --pty bash`
        return None
    world, nodes = number("SLURM_STEP_NUM_TASKS", 1), number("SLURM_STEP_NUM_NODES", 1)
    here = tasks_of_nodes(os.environ.get("SLURM_STEP_TASKS_PER_NODE", str(world // nodes)))
    local, node = number("SLURM_LOCALID", 0), number("SLURM_NODEID", 0)
    if len(set(here)) > 1:
        told = f"srun started {', '.join(map(str, here))} processes on its nodes, and each node needs as many as the others"
        raise UserError(f"{told}; say --ntasks-per-node")
    return Launch("srun", world, number("SLURM_PROCID", 0), here[0], local, nodes, node)


def tasks_of_nodes(text):
    """The processes on each node out of Slurm's '2(x3),1'."""
    parts = re.findall(r"(\d+)(?:\(x(\d+)\))?", text)
    return [int(count) for count, times in parts for _ in range(int(times or 1))]


def leads():
    """Is this the process that locks, writes and speaks? True of a process that is alone."""
    if (started := launch()) is not None:
        return started.rank == 0
    return not number("NODE_RANK", 0) and not number("LOCAL_RANK", 0)  # of the children that Lightning itself started


def devices(gpus=0):
    """Trainer arguments: what torchrun or srun started, else VIT_DEVICES; nothing where Lightning shall take all it finds.

    gpus: how many this process sees. UserError where more devices are wanted or given than processes were started.
    """
    wanted, started = positive("VIT_DEVICES"), launch()
    if started is None:
        return {"devices": wanted} if wanted else {}
    how = "--ntasks-per-node" if started.by == "srun" else "--nproc-per-node"
    count = f"{started.here} process{'es' if started.here > 1 else ''}"
    if wanted and wanted != started.here:
        told = f"VIT_DEVICES is {wanted}, and {started.by} started {count} on a node"
        raise UserError(f"{told}; start one a device ({how}={wanted}), or unset VIT_DEVICES")
    if started.here == 1 < gpus:
        told = f"{started.by} started {count} here, which sees {gpus} GPUs and would train on one"
        raise UserError(f"{told}; start one a GPU ({how}={gpus}), or ask for one GPU")
    return {"devices": started.here, "num_nodes": started.nodes}


def number(name, otherwise=None):
    """The whole number that a launcher put into an environment variable."""
    return int(os.environ[name]) if otherwise is None or name in os.environ else otherwise


def positive(name):
    """The whole number above 0 in an environment variable, or None where it is not set."""
    return whole_number(name, 1, "above 0")


def whole_number(name, least=0, told="from 0 on"):
    """The whole number in an environment variable, or None where it is not set."""
    text = os.environ.get(name, "")
    if text and (not text.isdecimal() or int(text) < least):
        raise UserError(f"{name}: a whole number {told} was expected, found {text!r}")
    return int(text) if text else None
