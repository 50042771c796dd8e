"""Ends the jobs that this checkout has submitted for a scale, and no others."""

from vit.cluster.checkout import comment_of
from vit.cluster.slurm import jobs_of, slurm

AT_ONCE = 500  # ids in one command


def cancel(scale: str) -> int:
    """The number of jobs that were told to end. Running ones save their state first: Slurm sends TERM and waits before it kills."""
    ids = [job.id for job in jobs_of(comment_of(scale)).values()]
    for start in range(0, len(ids), AT_ONCE):
        slurm("scancel", *ids[start : start + AT_ONCE])
    return len(ids)
