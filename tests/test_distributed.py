"""Who leads, and how many devices a Trainer gets: from what torchrun, srun and Lightning tell their processes.

The environments of Slurm are those that version 22.05 gave to `srun`, `salloc`, `sbatch` and `srun --pty`.
"""

import os

import pytest

from vit.errors import UserError
from vit.run.cluster_environment import LaunchedEnvironment, cluster_environment
from vit.run.distributed import current_launch, is_main_process, tasks_per_node, trainer_devices
from vit.run.env import env_whole_number

JOB = {"SLURM_JOB_ID": "41", "SLURM_NNODES": "1", "SLURM_JOB_NAME": "train"}
BATCH = {**JOB, "SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NTASKS_PER_NODE": "2"}
SHELL = {**JOB, "SLURM_NTASKS": "2", "SLURM_JOB_NAME": "interactive"}


def step(tasks, rank, nodes=1, name="train"):
    """What srun tells the task of this rank."""
    per_node = tasks // nodes
    counts = {
        "SLURM_STEP_NUM_TASKS": tasks,
        "SLURM_STEP_NUM_NODES": nodes,
        "SLURM_NTASKS": tasks,
        "SLURM_NNODES": nodes,
    }
    ranks = {"SLURM_PROCID": rank, "SLURM_LOCALID": rank % per_node, "SLURM_NODEID": rank // per_node}
    spread = f"{per_node}(x{nodes})" if nodes > 1 else str(per_node)
    names = {"SLURM_STEP_TASKS_PER_NODE": spread, "SLURM_JOB_NAME": name, "SLURM_STEP_NODELIST": "node[1-2]"}
    return {
        "SLURM_JOB_ID": "41",
        "SLURM_STEP_ID": "3",
        **{key: str(value) for key, value in (counts | ranks).items()},
        **names,
    }


LAUNCHED = {  # environment -> (does it lead?, Trainer arguments)
    "alone": ({}, True, {}),
    "VIT_DEVICES": ({"VIT_DEVICES": "4"}, True, {"devices": 4}),
    "torchrun, first": (
        {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "16", "LOCAL_WORLD_SIZE": "8"}, True, {"devices": 8, "num_nodes": 2}
    ),
    "torchrun, first of the second machine": (
        {"RANK": "8", "LOCAL_RANK": "0", "WORLD_SIZE": "16", "LOCAL_WORLD_SIZE": "8"}, False, {"devices": 8, "num_nodes": 2}
    ),
    "srun, first": (step(16, 0, nodes=2), True, {"devices": 8, "num_nodes": 2}),
    "srun, ninth": (step(16, 8, nodes=2), False, {"devices": 8, "num_nodes": 2}),
    "srun, one task": (step(1, 0), True, {"devices": 1, "num_nodes": 1}),
    "srun in an allocation's shell, second": (step(2, 1, name="interactive"), False, {"devices": 2, "num_nodes": 1}),
    "srun from a shell named bash, second": (step(2, 1, name="bash"), False, {"devices": 2, "num_nodes": 1}),
    "a shell in an allocation of two tasks": (SHELL, True, {}),
    "a batch script of two tasks, without srun": (BATCH, True, {}),
    "a shell that srun opened": ({**step(1, 0), "SLURM_PTY_PORT": "37883", "VIT_DEVICES": "2"}, True, {"devices": 2}),
    "a child of Lightning's": ({"NODE_RANK": "0", "LOCAL_RANK": "1", "VIT_DEVICES": "2"}, False, {"devices": 2}),
}  # fmt: skip


@pytest.fixture
def launched_with(monkeypatch):
    """Sets the environment of a process that no launcher started, and what a test adds."""
    for name in [
        name
        for name in os.environ
        if name.startswith(("SLURM_", "VIT_", "MASTER_")) or "RANK" in name or "WORLD_SIZE" in name
    ]:
        monkeypatch.delenv(name)
    return lambda variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


@pytest.mark.parametrize("launcher", LAUNCHED)
def test_launchers(launcher, launched_with):
    variables, first, arguments = LAUNCHED[launcher]
    launched_with(variables)
    assert (is_main_process(), trainer_devices()) == (first, arguments)


@pytest.mark.parametrize("launcher", LAUNCHED)
def test_lightning_gets_the_same_whatever_the_job_is_called(launcher, launched_with):
    variables, first, arguments = LAUNCHED[launcher]
    launched_with(variables)
    answer = cluster_environment()
    assert isinstance(answer, LaunchedEnvironment) == ("num_nodes" in arguments)
    if "num_nodes" in arguments:
        assert answer.world_size() == arguments["devices"] * arguments["num_nodes"]
        assert (answer.global_rank() == 0) == first and answer.local_rank() < arguments["devices"]
        assert answer.node_rank() == answer.global_rank() // arguments["devices"]


def test_processes_of_one_node_meet_at_its_own_address_and_steps_of_a_job_at_different_ports(
    launched_with, monkeypatch
):
    ports = set()
    for number in ("3", "4"):
        launched_with({**step(2, 1), "SLURM_STEP_ID": number})
        meeting = LaunchedEnvironment(current_launch())
        assert meeting.main_address == "127.0.0.1"
        ports.add(meeting.main_port)
        monkeypatch.delenv("MASTER_PORT")
    assert len(ports) == 2 and all(15_000 <= port < 25_000 for port in ports)
    monkeypatch.delenv("MASTER_ADDR")
    launched_with(step(4, 3, nodes=2))
    assert LaunchedEnvironment(current_launch()).main_address == "node1"


@pytest.mark.parametrize(
    ("variables", "gpus", "words"),
    [
        ({**step(1, 0), "VIT_DEVICES": "2"}, 0, "VIT_DEVICES is 2, but srun started 1 process.*--ntasks-per-node=2"),
        ({**step(2, 0), "VIT_DEVICES": "4"}, 0, "VIT_DEVICES is 4, but srun started 2 process"),
        (step(1, 0), 8, "srun started one process per node.* 8 visible GPUs; .*--ntasks-per-node=8"),
        ({**step(3, 0, nodes=1), "SLURM_STEP_TASKS_PER_NODE": "2,1", "SLURM_STEP_NUM_NODES": "2"}, 0, "2, 1 processes on its nodes"),
    ],
)  # fmt: skip
def test_more_devices_than_processes_are_one_line(variables, gpus, words, launched_with):
    launched_with(variables)
    with pytest.raises(UserError, match=words):
        trainer_devices(gpus)


def test_tasks_per_node_as_slurm_writes_them():
    assert tasks_per_node("2(x3),1") == [2, 2, 2, 1]
    assert tasks_per_node("8") == [8]


def test_no_process_is_a_number_of_processes_that_load_data(monkeypatch):
    for text, number in (("", None), ("0", 0), ("3", 3)):
        monkeypatch.setenv("VIT_WORKERS", text)
        assert env_whole_number("VIT_WORKERS") == number
    monkeypatch.setenv("VIT_WORKERS", "-1")
    with pytest.raises(UserError, match="VIT_WORKERS must be a whole number of at least 0, not '-1'"):
        env_whole_number("VIT_WORKERS")


def test_a_number_of_devices_that_is_none_is_one_line(monkeypatch):
    monkeypatch.setenv("VIT_DEVICES", "all")
    with pytest.raises(UserError, match="VIT_DEVICES must be a whole number of at least 1, not 'all'"):
        trainer_devices()
