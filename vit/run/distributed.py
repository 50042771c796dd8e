"""Processes that train one run together: the launcher that started this one, its rank, the devices of its Trainer."""

import os
import re
from dataclasses import dataclass

from vit.errors import UserError
from vit.run.env import env_int, env_whole_number


@dataclass(frozen=True)
class Launch:
    """One process of torchrun or srun."""

    launcher: str  # "torchrun" or "srun"
    world_size: int
    rank: int
    local_world_size: int  # processes on this node
    local_rank: int
    nodes: int
    node_rank: int


def current_launch() -> Launch | None:
    """None if this process runs alone or Lightning itself started it."""
    if "LOCAL_WORLD_SIZE" in os.environ:
        local_world_size, world_size = env_int("LOCAL_WORLD_SIZE"), env_int("WORLD_SIZE")
        rank, local_rank = env_int("RANK"), env_int("LOCAL_RANK")
        node_rank = env_int("GROUP_RANK", rank // local_world_size)
        nodes = world_size // local_world_size
        return Launch("torchrun", world_size, rank, local_world_size, local_rank, nodes, node_rank)
    # A batch script and a shell in an allocation have SLURM_NTASKS and SLURM_PROCID too, but run alone: only srun starts
    # a step. The step of `srun --pty bash`, which alone has SLURM_PTY_PORT, is a shell.
    if "SLURM_STEP_ID" not in os.environ or "SLURM_PTY_PORT" in os.environ:
        return None
    world_size, nodes = env_int("SLURM_STEP_NUM_TASKS", 1), env_int("SLURM_STEP_NUM_NODES", 1)
    counts = tasks_per_node(os.environ.get("SLURM_STEP_TASKS_PER_NODE", str(world_size // nodes)))
    if len(set(counts)) > 1:
        raise UserError(
            f"srun started {', '.join(map(str, counts))} processes on its nodes, but every node needs the same number; set --ntasks-per-node"
        )
    rank, local_rank, node_rank = (env_int(name, 0) for name in ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID"))
    return Launch("srun", world_size, rank, counts[0], local_rank, nodes, node_rank)


def tasks_per_node(text: str) -> list[int]:
    """[2, 2, 2, 1] from Slurm's '2(x3),1'."""
    parts = re.findall(r"(\d+)(?:\(x(\d+)\))?", text)
    return [int(count) for count, times in parts for _ in range(int(times or 1))]


def is_main_process() -> bool:
    """Rank 0, or a process that runs alone: the only one that locks, writes and prints."""
    if (launch := current_launch()) is not None:
        return launch.rank == 0
    return not env_int("NODE_RANK", 0) and not env_int("LOCAL_RANK", 0)  # Lightning sets them for its child processes


def trainer_devices(visible_gpus: int = 0) -> dict[str, int]:
    """`devices` and `num_nodes` of a Trainer: those of the launcher, else VIT_DEVICES, else empty (Lightning decides).

    UserError if the launcher started fewer processes than VIT_DEVICES, or one process beside several GPUs.
    """
    requested, launch = env_whole_number("VIT_DEVICES", minimum=1), current_launch()
    if launch is None:
        return {"devices": requested} if requested else {}
    option = "--ntasks-per-node" if launch.launcher == "srun" else "--nproc-per-node"
    if requested and requested != launch.local_world_size:
        raise UserError(
            f"VIT_DEVICES is {requested}, but {launch.launcher} started {launch.local_world_size} process(es) per node;"
            f" start one process per device ({option}={requested}) or unset VIT_DEVICES"
        )
    if launch.local_world_size == 1 < visible_gpus:
        raise UserError(
            f"{launch.launcher} started one process per node, which would train on one of {visible_gpus} visible GPUs;"
            f" start one process per GPU ({option}={visible_gpus}) or request one GPU"
        )
    return {"devices": launch.local_world_size, "num_nodes": launch.nodes}
