"""Jobs of a scale: results/SCALE/.queue, what Slurm had when make began, and RUN/job, the job that was submitted for a run."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from vit.atomic import write_text
from vit.cluster.checkout import comment_of
from vit.cluster.slurm import Job, jobs_of
from vit.paths import results, runs_folder
from vit.record import read_record

JOB = "job"  # file of a run's folder: its job's id
LOG = "job.log"  # what its jobs have printed
SUMMED_UP = re.compile(r"error: \d+ of \d+ runs failed")  # the runner's last line; those before it say why


def write_queue(scale: str) -> dict[str, Job]:
    """Ask Slurm once for all processes of a make: asking once a run would take as many requests as there are runs."""
    jobs = jobs_of(comment_of(scale))
    write_text(queue_file(scale), json.dumps({name: asdict(job) for name, job in jobs.items()}))
    return jobs


def read_queue(scale: str) -> dict[str, Job]:
    """As it was when this make began."""
    return {name: Job(**facts) for name, facts in json.loads(queue_file(scale).read_text()).items()}


def queue_file(scale: str) -> Path:
    return results(scale) / ".queue"


def remember(scale: str, runs: list[str], job: str) -> None:
    for run in runs:
        write_text(runs_folder(scale) / run / JOB, f"{job}\n")


def job_of(scale: str, run: str) -> str | None:
    """The last job that was submitted for a run, whether or not it still exists."""
    path = runs_folder(scale) / run / JOB
    return path.read_text().strip() if path.exists() else None


def is_finished(scale: str, run: str) -> bool:
    return read_record(runs_folder(scale) / run) is not None


def last_line(scale: str, run: str) -> str:
    """What the run's job said last, or of a run that failed, why; '' where it printed nothing."""
    path = runs_folder(scale) / run / LOG
    if not path.exists():
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 10_000))
        lines = [line.strip() for line in file.read().decode(errors="replace").replace("\r", "\n").splitlines()]
    own = [line for line in lines if line and not line.startswith(("srun:", "slurmstepd:", "scancel:"))]
    if own and SUMMED_UP.match(own[-1]):
        own = [line for line in own if line.startswith("failed: ")] or own
    return own[-1] if own else ""
