"""Slurm's commands. A controller that does not answer is waited for: an outage of minutes is no failure of a run."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass

from vit.errors import UserError

AWAY = re.compile(
    r"unable to contact slurm controller|connection refused|connect failure|socket timed out|try again|temporarily",
    re.I,
)
FULL = re.compile(r"(QOS|Assoc)\w*(Submit|Job)\w*Limit|job submit limit|too many jobs", re.I)
PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds between two attempts: doubled each time
PATIENCE = 24 * 3600.0  # seconds for which a controller is waited for
FIELDS = ("%i", "%T", "%r", "%L", "%k", "%j")  # of squeue: id, state, reason, time left, comment, name
ENDED = (
    "CANCELLED",
    "COMPLETED",
    "FAILED",
    "TIMEOUT",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "BOOT_FAIL",
    "DEADLINE",
    "PREEMPTED",
)
WELL = "COMPLETED"


@dataclass(frozen=True)
class Job:
    """A job in Slurm's queue."""

    id: str
    state: str  # PENDING, RUNNING, COMPLETING ...
    reason: str  # why it waits: Priority, Resources, Dependency ...
    left: str  # of its time limit, as Slurm prints it
    comment: str
    name: str

    @property
    def is_running(self) -> bool:
        return self.state in ("RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STAGE_OUT", "STOPPED")

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_failed(self) -> bool:
        return self.has_ended and self.state != WELL


def slurm(*arguments: str, stdin: str | None = None) -> str:
    """What a command of Slurm prints. UserError where it refuses, or is not installed; waits while the controller is away."""
    pause, start = PAUSE, time.monotonic()
    while True:
        try:
            done = subprocess.run(
                arguments, input=stdin, capture_output=True, text=True, env=environment(), check=False
            )
        except FileNotFoundError:
            raise UserError(
                f"{arguments[0]}: not found; CLUSTER needs Slurm's commands, so call make on a login node"
            ) from None
        said = " ".join(done.stderr.split()).removeprefix(f"{arguments[0]}: ").removeprefix("error: ")
        if done.returncode == 0:
            return done.stdout
        waits = AWAY.search(said) or FULL.search(said)
        if not waits or time.monotonic() - start > PATIENCE:
            raise UserError(f"{arguments[0]}: {said or f'exit code {done.returncode}'}")
        if pause == PAUSE:
            print(f"{arguments[0]}: {said}; trying again", file=sys.stderr, flush=True)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def environment() -> dict[str, str]:
    """Without what would set options of these commands unseen."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("SBATCH_", "SQUEUE_"))}


def all_jobs(comment: str) -> list[Job]:
    """This user's jobs with the comment, those that ended in the last minutes too; one request, however many there are."""
    lines = slurm("squeue", "--me", "--noheader", "--states=all", f"--format={'|'.join(FIELDS)}").splitlines()
    jobs = [Job(*line.split("|", len(FIELDS) - 1)) for line in lines if line.count("|") >= len(FIELDS) - 1]
    return [job for job in jobs if job.comment == comment]


def jobs_of(comment: str) -> dict[str, Job]:
    """Name -> job, of those that have not ended."""
    return {job.name: job for job in all_jobs(comment) if not job.has_ended}
