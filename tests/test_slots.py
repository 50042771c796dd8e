"""Which cores and GPUs a run takes, and which make trains a scale."""

import json
import os
import platform
import subprocess
import sys
import time

import pytest
from test_distributed import launched_with, step  # noqa: F401 (a fixture)

from vit.errors import UserError
from vit.locks import locked
from vit.paths import results
from vit.run.scale_owner import claim_scale, start_time
from vit.run.slots import has_separate_cores, slot, usable_cores

HOST, USABLE = platform.node(), len(os.sched_getaffinity(0))


def make(process=None, host=HOST, job=".", usable=USABLE):
    """What a Makefile says of itself."""
    return {"VIT_MAKE": f"{process or os.getpid()} {host} {job} {usable}"}


def test_a_make_that_has_ended_and_was_not_reaped_locks_nobody_out(owned):
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write(owned, ended.pid, started=start_time(ended.pid))
    ended.kill()
    while start_time(ended.pid):  # until then it is on its way out; nobody has waited for it
        time.sleep(0.01)
    claim_scale("smoke")
    ended.communicate()


def test_a_job_of_a_cluster_takes_no_slot(owned, monkeypatch):
    monkeypatch.setenv("VIT_JOB", "1")
    with slot("smoke", 1), slot("smoke", 1):
        assert not (owned / ".slots").exists()


@pytest.mark.parametrize(
    ("variables", "separate"),
    [
        ({}, False),
        (make(), False),
        (make(usable=USABLE + 1), True),  # taskset, a container
        (make(host="login1"), True),
        ({**make(), **step(1, 0)}, True),
        ({**make(job="41."), "SLURM_JOB_ID": "41"}, False),  # make in an allocation, without a launcher
        ({**make(job="41."), **step(1, 0)}, True),  # srun in that allocation
        ({**make(job="41.3"), **step(1, 0), "SLURM_PTY_PORT": "1"}, False),  # make in a shell that srun opened
    ],
)
def test_cores_are_divided_between_makes_processes_unless_a_launcher_gave_them(variables, separate, launched_with):  # noqa: F811
    launched_with(variables)
    assert has_separate_cores() == separate


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, USABLE),
        ({**step(1, 0), "SLURM_CPUS_PER_TASK": "1", "SLURM_CPUS_ON_NODE": "64"}, 1),
        ({**step(2, 0), "SLURM_CPUS_ON_NODE": "2"}, 1),
        ({**step(1, 0), "SLURM_CPUS_PER_TASK": "999", "SLURM_CPUS_ON_NODE": "999"}, USABLE),
        ({"SLURM_JOB_ID": "41", "SLURM_CPUS_ON_NODE": "1"}, 1),  # a batch script's
    ],
)
def test_cores_are_those_that_slurm_gave(variables, expected, launched_with):  # noqa: F811
    launched_with(variables)
    assert usable_cores() == expected


@pytest.mark.parametrize(("launcher", "threads"), [((), max(1, USABLE // 2)), (("taskset", "-c", "0"), 1)])
def test_a_run_of_make_j2_takes_its_share_or_what_its_launcher_gave(launcher, threads):
    code = "from vit.run.slots import use_share; import torch; use_share(2, 0); print(torch.get_num_threads())"
    done = subprocess.run(
        [*launcher, sys.executable, "-c", code], env={**os.environ, **make()}, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(threads)], done.stderr


@pytest.fixture
def owned(tmp_path, monkeypatch, launched_with):  # noqa: F811
    """A scale's results folder."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    (tmp_path / "smoke").mkdir()
    return tmp_path / "smoke"


@pytest.fixture
def living():
    """A process that is alive and has nothing to do with us."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n")


def write(owned, process, host=HOST, started=None):
    (owned / ".owner").write_text(json.dumps({"process": process, "host": host, "started": started}))


def test_a_second_make_beside_a_living_one_is_refused(owned, living):
    write(owned, living, started=start_time(living))
    with pytest.raises(UserError, match=f"process {living} on {HOST} trains here already; wait for it or stop it"):
        claim_scale("smoke")


def test_a_number_that_belongs_to_a_stranger_now_locks_nobody_out(owned, living):
    write(owned, living, started="1")
    claim_scale("smoke")
    assert json.loads((owned / ".owner").read_text())["process"] == os.getpid()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4711",
        "[1]",
        '{"process": 1}',
        '{"process": -1, "host": "HERE", "started": null}',
        '{"process": "12", "host": "HERE", "started": null}',
        '{"process": 99999999999999999999, "host": "HERE", "started": null}',
    ],
)
def test_a_file_that_says_nothing_that_can_be_checked_locks_nobody_out(owned, text):
    (owned / ".owner").write_text(text.replace("HERE", HOST))
    claim_scale("smoke")


def test_a_make_of_another_machine_counts_while_its_runs_hold_a_slot(owned, tmp_path):
    write(owned, os.getpid(), host="login1", started="1")
    hold = "import sys; from vit.locks import locked\nwith locked(sys.argv[1]): print('held', flush=True); input()"
    slot = results("smoke") / ".slots" / "0"
    process = subprocess.Popen([sys.executable, "-c", hold, slot], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(UserError, match=r"process \d+ on login1 trains here already"):
        claim_scale("smoke")
    process.communicate(b"\n")
    with locked(slot, "free again"):
        pass
    claim_scale("smoke")
