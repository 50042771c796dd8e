"""Real runs as jobs of a real Slurm, through every fault: all finish, none is trained twice, and bit for bit as without Slurm."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from processes import in_order, small_experiments
from slurm_machine import REASON, SlurmMachine
from test_kills import outcome

from vit.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]
CLUSTER = "title: t\nwarning: 60\nsizes:\n  - {cpus-per-task: 1, time: '0:30:00'}\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with SlurmMachine(tmp_path_factory.mktemp("slurm"), nodes=2, cpus=1) as machine:
        yield machine


class Checkout:
    """A copy of the repository with a small experiment, and make in it."""

    def __init__(self, folder, machine):
        self.folder, self.machine = small_experiments(folder), machine
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        (folder / "experiments" / "ablations").mkdir()
        (folder / "experiments" / "clusters").mkdir()
        (folder / "experiments" / "clusters" / "mine.yaml").write_text(CLUSTER)
        self.runs = folder / "results" / "kill" / "runs"

    def start(self, *arguments, **environment):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "VIT_"))}
        own = {
            "PYTHONPATH": str(self.folder),
            "SLURM_CONF": self.machine.environment["SLURM_CONF"],
            "OMP_NUM_THREADS": "1",
        }
        variables = [
            "SCALE=kill",
            "VENV=",
            f"PYTHON={sys.executable}",
            "CLUSTER=mine",
            "CHECK=@touch results/kill/checked",
        ]
        with open(self.folder / "said", "a") as said:
            return subprocess.Popen(
                ["make", *variables, *arguments], cwd=self.folder, env={**kept, **own, **environment},
                stdout=said, stderr=said, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def make(self, *arguments, **environment):
        return self.start(*arguments, **environment).wait()

    def said(self):
        return (self.folder / "said").read_text()

    def finished(self):
        """Run -> when its record was written."""
        return {path.parent.name: path.stat().st_mtime_ns for path in self.runs.glob("*/metrics.json")}


@pytest.fixture
def checkout(machine, tmp_path):
    made = Checkout(tmp_path, machine)
    yield made
    made.make("cancel")


@pytest.fixture(scope="module")
def whole(processes, tmp_path_factory):
    """Folder of the same runs in one process without Slurm."""
    results = tmp_path_factory.mktemp("whole")
    assert processes.end(processes.start("plan", "--scale", "kill", "--write", results=results)) == 0
    order = in_order(results / "kill" / "runs")
    assert processes.end(processes.start("run", "--scale", "kill", *order, results=results)) == 0, (
        results / "said"
    ).read_text()
    return results / "kill" / "runs"


def differences(whole, runs):
    """(run, part) of what is not equal bit for bit."""
    found = []
    for folder in sorted(whole.iterdir()):
        expected, own = outcome(folder), outcome(runs / folder.name)
        own["files"] = [name for name in own["files"] if name not in ("job", "job.log")]
        found += [(folder.name, part) for part in expected if own[part] != expected[part]]
    return found


def test_jobs_of_slurm_leave_the_same_bits_and_nothing_is_submitted_twice(checkout, whole):
    assert checkout.make("-j4", "all") == 0, checkout.said()
    assert differences(whole, checkout.runs) == []
    submitted = [line for line in checkout.said().splitlines() if line.startswith("job ")]
    assert len(submitted) == len(checkout.finished()) == len({line.split(": ")[1] for line in submitted})
    assert any("(waits for " in line for line in submitted)
    assert checkout.make("-j4", "all") == 0 and checkout.said().count("\njob ") == len(submitted)


def test_make_killed_and_called_again_finds_its_jobs_by_name(checkout, machine):
    first = checkout.start("-j4", "all")
    machine.until(lambda: len(list(checkout.runs.glob("*/job"))) == 8, "all jobs submitted")
    os.killpg(first.pid, signal.SIGKILL)
    before = {name: job for name, (job, _) in machine.jobs().items()}
    again = checkout.start("-j4", "all")
    assert again.wait() == 0, checkout.said()
    for name, job in before.items():
        lines = [
            line for line in checkout.said().splitlines() if line.startswith("job ") and line.endswith(f": {name}")
        ]
        assert {line.split()[1] for line in lines} == {job}


def test_every_fault_at_once_ends_as_if_nothing_had_happened(checkout, machine, whole):
    make = checkout.start("-j4", "all", VIT_CHECKPOINT_SECONDS="0.05")
    running = lambda: {name: job for name, (job, state) in machine.jobs().items() if state == "RUNNING"}  # noqa: E731
    faults = [
        lambda job: machine.call("scancel", "--signal=USR1", job, check=False),  # a checkpoint
        lambda job: machine.call("scancel", "--batch", "--signal=USR1", job, check=False),  # as before a time limit
        lambda job: machine.call("scontrol", "requeue", job, check=False),  # as preemption
        lambda job: machine.call("scancel", job, check=False),
        lambda job: machine.call("scancel", "--signal=TERM", job, check=False),
    ]
    known = {}
    for fault in faults:
        if not machine.until(running, "running job", seconds=60, needed=False):
            break
        time.sleep(3)  # somewhere between the start of Python and the last update
        for job in running().values():
            fault(job)
        known = check_kept(checkout, known)
    machine.stop_controller()
    time.sleep(5)
    machine.start_controller()
    machine.call("scontrol", "update", "nodename=node2", "state=drain", "reason=test")
    os.killpg(make.pid, signal.SIGKILL)
    code = checkout.make("-j4", "all")
    machine.call("scontrol", "update", "nodename=node2", "state=resume")
    for _ in range(2):
        known = check_kept(checkout, known)
        code = code and checkout.make("-j4", "all")
    assert code == 0, checkout.said()
    check_kept(checkout, known)
    assert differences(whole, checkout.runs) == []


def check_kept(checkout, known):
    """A run that was finished has not been trained again."""
    now = checkout.finished()
    assert {name: now.get(name) for name in known} == known
    return now


def test_a_run_that_fails_is_told_with_its_last_line_and_what_needs_it_is_cancelled(checkout, machine):
    (checkout.folder / "experiments" / "clusters" / "mine.yaml").write_text(
        CLUSTER + "setup: [export VIT_MICRO_BATCH=none]\n"
    )
    assert checkout.make("-j4", "all") != 0
    said = checkout.said()
    assert (
        "runs are not finished and have no job; the first: " in said
        and "VIT_MICRO_BATCH must be a whole number" in said
    )
    assert checkout.make("status") == 0 and "failed: " in checkout.said()
    (checkout.folder / "experiments" / "clusters" / "mine.yaml").write_text(CLUSTER)
    assert checkout.make("retry") == 0 and checkout.make("-j4", "all") == 0, checkout.said()


def test_cancel_ends_the_jobs_of_this_checkout_only(checkout, machine):
    machine.call("sbatch", "--job-name=foreign", "--output=/dev/null", "--wrap=sleep 600")
    make = checkout.start("-j4", "all")
    machine.until(lambda: len(machine.jobs()) > 2, "jobs of ours")
    assert checkout.make("cancel") == 0
    machine.until(lambda: set(machine.jobs()) == {"foreign"}, "cancelled jobs")
    assert make.wait() != 0 and "runs are not finished and have no job" in checkout.said()
