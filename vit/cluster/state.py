"""What the jobs of a scale's unfinished runs do: for `make status` and `make retry`."""

from collections.abc import Iterable
from dataclasses import dataclass

from vit.cluster.checkout import comment_of
from vit.cluster.jobs import is_finished, job_of, last_line
from vit.cluster.slurm import Job, jobs_of

RUNNING, QUEUED, FAILED = "running", "queued", "failed"
SHOWN = 20  # lines of each kind


@dataclass(frozen=True)
class JobState:
    """Of one run."""

    state: str  # RUNNING, QUEUED or FAILED
    job: Job | None  # None where it has left the queue


def job_states(scale: str, runs: Iterable[str]) -> dict[str, JobState]:
    """Of those that have been submitted and are not finished."""
    numbers = {run: job_of(scale, run) for run in runs}
    numbers = {run: number for run, number in numbers.items() if number is not None and not is_finished(scale, run)}
    if not numbers:
        return {}  # without a question to a Slurm that may not be there
    queue, states = {job.id: job for job in jobs_of(comment_of(scale)).values()}, {}
    for run, number in numbers.items():
        job = queue.get(number)
        states[run] = JobState(FAILED if job is None else RUNNING if job.is_running else QUEUED, job)
    return states


def told(scale: str, states: dict[str, JobState]) -> list[str]:
    """Lines: each running run with the time left of its job, each queued one with Slurm's reason, each failed one with what it said last."""
    lines = []
    for kind in (RUNNING, QUEUED, FAILED):
        mine = [(run, state.job) for run, state in states.items() if state.state == kind]
        lines += [line(scale, kind, run, job) for run, job in mine[:SHOWN]]
        lines += [f"{kind}: {len(mine) - SHOWN} more"] if len(mine) > SHOWN else []
    return lines


def line(scale: str, kind: str, run: str, job: Job | None) -> str:
    if job is None:
        return f"{kind}: {run}: {last_line(scale, run) or 'its job has printed nothing'}"
    return f"{kind}: {run}: job {job.id}, {f'{job.left} left' if kind == RUNNING else job.reason}"
