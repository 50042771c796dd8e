"""What Lightning is told about the processes of a run: vit.run.processes decides who started them, never a job's name."""

import os

from lightning.fabric.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch.plugins.environments import ClusterEnvironment

from vit.errors import UserError
from vit.run.processes import launch


def environment():
    """For a Trainer: the processes that a launcher started, or Lightning's own children."""
    started = launch()
    return LightningEnvironment() if started is None else Launched(started)


def check_devices(trainer):
    """UserError unless the trainer uses all of the launcher's processes and no more."""
    started = launch()
    if started is None or (trainer.num_devices, trainer.num_nodes) == (started.here, started.nodes):
        return
    told = f"{started.by} started {started.here} processes on each of {started.nodes} nodes"
    raise UserError(
        f"trainer.devices is {trainer.num_devices} and trainer.num_nodes {trainer.num_nodes}, but {told}; make them agree"
    )


class Launched(ClusterEnvironment):
    """Processes of torchrun or srun."""

    creates_processes_externally = True

    def __init__(self, started):
        super().__init__()
        self.started = started

    @staticmethod
    def detect():
        return launch() is not None

    @property
    def main_address(self):
        """MASTER_ADDR, or the first node: names of nodes need not resolve where there is only one."""
        if "MASTER_ADDR" in os.environ or self.started.nodes == 1:
            return os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        nodes = os.environ["SLURM_STEP_NODELIST"]
        return os.environ.setdefault("MASTER_ADDR", SLURMEnvironment.resolve_root_node_address(nodes))

    @property
    def main_port(self):
        """MASTER_PORT, or a number of the job and the step: several steps of a job may train at once."""
        job, step = (int(os.environ.get(name, 0)) for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
        return int(os.environ.setdefault("MASTER_PORT", str(15_000 + (job * 101 + step) % 10_000)))

    def world_size(self):
        return self.started.processes

    def set_world_size(self, size):
        """The launcher decides."""

    def global_rank(self):
        return self.started.rank

    def set_global_rank(self, rank):
        """The launcher decides."""

    def local_rank(self):
        return self.started.local_rank

    def node_rank(self):
        return self.started.node
