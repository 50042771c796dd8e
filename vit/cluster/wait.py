"""Waits until the jobs of experiments have ended, with a line for each run that finishes. Ending it ends no job."""

import sys
import time
from collections import Counter
from collections.abc import Iterable

from vit.cluster.checkout import comment_of
from vit.cluster.jobs import is_finished, job_of, last_line
from vit.cluster.slurm import Job, all_jobs
from vit.errors import UserError
from vit.plan.stored import StoredPlan

POLL = 5.0  # seconds between two requests to Slurm, one for all runs
SUMMARY = 60.0  # seconds between two lines that say how much is left
# Seconds for which a file may be missing that another machine has written: network file systems cache folders.
LATE = 30.0


class Waiting:
    """The runs of some experiments, and what is known of them so far."""

    def __init__(self, plan: StoredPlan, experiments: Iterable[str]):
        self.plan, self.scale = plan, plan.scale_name
        self.runs = list(dict.fromkeys(run for name in experiments for run in plan.runs_of(name)))
        self.finished = {run for run in self.runs if is_finished(self.scale, run)}
        self.jobs = {run: job_of(self.scale, run) for run in self.runs if run not in self.finished}
        self.gone = {}  # run -> since when its job is not in the queue

    @property
    def open(self) -> list[str]:
        return [run for run in self.runs if run not in self.finished]

    def update(self, queue: dict[str, Job], now: float) -> list[str]:
        """The runs that have finished since. queue: job id -> job. Only files of runs whose jobs have started are looked at."""
        new = []
        for run in self.open:
            job = queue.get(self.jobs[run])
            if job is not None and not (job.is_running or job.has_ended):
                self.gone.pop(run, None)
            elif is_finished(self.scale, run):
                new.append(run)
                self.finished.add(run)
            elif job is None or job.has_ended:
                self.gone.setdefault(run, now - LATE if job and job.has_failed else now)
        return new

    def failed(self, now: float) -> list[str]:
        """Runs without a job that are not finished, though there was time for their files to appear."""
        return [run for run in self.open if now - self.gone.get(run, now) >= LATE or self.jobs[run] is None]


def wait(plan: StoredPlan, experiments: list[str]) -> None:
    """UserError where a job ended and its run is not finished."""
    waiting, told = Waiting(plan, experiments), time.monotonic() - SUMMARY
    try:
        while waiting.open:
            queue = {job.id: job for job in all_jobs(comment_of(plan.scale_name))}
            now = time.monotonic()
            for run in waiting.update(queue, now):
                say(f"run {len(waiting.finished)} of {len(waiting.runs)}: {run}: finished")
            failed = waiting.failed(now)
            if len(failed) == len(waiting.open):
                break
            if now - told >= SUMMARY:
                told = now
                say(summary(waiting, queue))
            time.sleep(POLL)
    except KeyboardInterrupt:
        say(
            f"{len(waiting.open)} runs are not finished; their jobs go on. The same command waits for them again, `make cancel` ends them"
        )
        raise
    if waiting.open:
        raise UserError(failures(waiting))


def summary(waiting: Waiting, queue: dict[str, Job]) -> str:
    """'12 of 70 runs finished, 4 running, 54 waiting (50 Dependency, 4 Resources)'."""
    jobs = [queue[waiting.jobs[run]] for run in waiting.open if waiting.jobs[run] in queue]
    reasons = Counter(job.reason for job in jobs if not (job.is_running or job.has_ended))
    why = f" ({', '.join(f'{count} {reason}' for reason, count in reasons.most_common())})" if reasons else ""
    running = sum(job.is_running for job in jobs)
    return f"{len(waiting.finished)} of {len(waiting.runs)} runs finished, {running} running, {sum(reasons.values())} waiting{why}"


def failures(waiting: Waiting) -> str:
    """One line: how many, and the first that did not merely wait for another, with the last line of its log."""
    plan, missing = waiting.plan, waiting.open
    first = next((run for run in missing if not set(plan.runs[run].needs) & set(missing)), missing[0])
    said = last_line(waiting.scale, first)
    told = f" ({said})" if said else ""
    return (
        f"{len(missing)} of {len(waiting.runs)} runs are not finished and have no job; the first: {first}{told};"
        " `make status` names all, the same command submits them again"
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
