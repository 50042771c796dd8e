"""Tells Lightning who started the processes of a run: by itself it decides by the name of a Slurm job."""

import os

from lightning.fabric.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.environments import ClusterEnvironment

from vit.errors import UserError
from vit.run.distributed import Launch, current_launch


def cluster_environment() -> ClusterEnvironment:
    """Plugin of a Trainer: the launcher's processes, or Lightning's own child processes."""
    launch = current_launch()
    return LightningEnvironment() if launch is None else LaunchedEnvironment(launch)


def check_devices(trainer: Trainer) -> None:
    """UserError unless the trainer uses exactly the processes that the launcher started."""
    launch = current_launch()
    if launch is None or (trainer.num_devices, trainer.num_nodes) == (launch.local_world_size, launch.nodes):
        return
    raise UserError(
        f"trainer.devices is {trainer.num_devices} and trainer.num_nodes is {trainer.num_nodes}, but"
        f" {launch.launcher} started {launch.local_world_size} processes on each of {launch.nodes} nodes; make them equal"
    )


class LaunchedEnvironment(ClusterEnvironment):
    """Processes of torchrun or srun."""

    creates_processes_externally = True

    def __init__(self, launch: Launch):
        super().__init__()
        self.launch = launch

    @staticmethod
    def detect():
        return current_launch() is not None

    @property
    def main_address(self):
        """MASTER_ADDR, else the first node."""
        if "MASTER_ADDR" in os.environ or self.launch.nodes == 1:  # a single node's name need not resolve
            return os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        nodes = os.environ["SLURM_STEP_NODELIST"]
        return os.environ.setdefault("MASTER_ADDR", SLURMEnvironment.resolve_root_node_address(nodes))

    @property
    def main_port(self):
        """MASTER_PORT, else a port computed from job and step."""
        job, step = (int(os.environ.get(name, 0)) for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
        # of the step too: several steps of one job may train at the same time on the same node
        return int(os.environ.setdefault("MASTER_PORT", str(15_000 + (job * 101 + step) % 10_000)))

    def world_size(self):
        return self.launch.world_size

    def set_world_size(self, size):
        """Fixed by the launcher."""

    def global_rank(self):
        return self.launch.rank

    def set_global_rank(self, rank):
        """Fixed by the launcher."""

    def local_rank(self):
        return self.launch.local_rank

    def node_rank(self):
        return self.launch.node_rank
