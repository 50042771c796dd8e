"""Who leads, and how many devices a Trainer gets: from what torchrun, srun and Lightning tell their processes."""

import os

import pytest

from vit.errors import UserError
from vit.ranks import devices, leads, whole_number

LAUNCHED = {  # environment -> (does it lead?, Trainer arguments)
    "alone": ({}, True, {}),
    "VIT_DEVICES": ({"VIT_DEVICES": "4"}, True, {"devices": 4}),
    "torchrun, first": (
        {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "16", "LOCAL_WORLD_SIZE": "8"}, True, {"devices": 8, "num_nodes": 2}
    ),
    "torchrun, first of the second machine": (
        {"RANK": "8", "LOCAL_RANK": "0", "WORLD_SIZE": "16", "LOCAL_WORLD_SIZE": "8"}, False, {"devices": 8, "num_nodes": 2}
    ),
    "srun, first": ({"SLURM_NTASKS": "16", "SLURM_NNODES": "2", "SLURM_PROCID": "0"}, True, {"devices": 8, "num_nodes": 2}),
    "srun, ninth": ({"SLURM_NTASKS": "16", "SLURM_NNODES": "2", "SLURM_PROCID": "8"}, False, {"devices": 8, "num_nodes": 2}),
    "one task of a Slurm job": ({"SLURM_NTASKS": "1", "SLURM_NNODES": "1", "SLURM_PROCID": "0"}, True, {}),
    "a child of Lightning's": ({"NODE_RANK": "0", "LOCAL_RANK": "1", "VIT_DEVICES": "2"}, False, {"devices": 2}),
}  # fmt: skip


@pytest.mark.parametrize("launcher", LAUNCHED)
def test_launchers(launcher, monkeypatch):
    environment, first, arguments = LAUNCHED[launcher]
    for name in [name for name in os.environ if name.startswith("SLURM_") or "RANK" in name or "WORLD_SIZE" in name]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (leads(), devices()) == (first, arguments)


def test_no_process_is_a_number_of_processes_that_load_data(monkeypatch):
    for text, number in (("", None), ("0", 0), ("3", 3)):
        monkeypatch.setenv("VIT_WORKERS", text)
        assert whole_number("VIT_WORKERS") == number
    monkeypatch.setenv("VIT_WORKERS", "-1")
    with pytest.raises(UserError, match="VIT_WORKERS: a whole number from 0 on was expected, found '-1'"):
        whole_number("VIT_WORKERS")


def test_a_number_of_devices_that_is_none_is_one_line(monkeypatch):
    monkeypatch.setenv("VIT_DEVICES", "all")
    with pytest.raises(UserError, match="VIT_DEVICES: a whole number above 0 was expected, found 'all'"):
        devices()
