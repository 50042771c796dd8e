"""One job for the runs of a Make rule. Slurm keeps their order: a job starts when the jobs of the runs that it needs have ended well."""

import sys

from vit.cluster.checkout import comment_of
from vit.cluster.cluster import as_arguments, read_cluster
from vit.cluster.job_script import job_script
from vit.cluster.jobs import LOG, is_finished, job_of, read_queue, remember
from vit.cluster.slurm import slurm
from vit.errors import UserError
from vit.paths import runs_folder
from vit.plan.cost_file import forward_costs
from vit.plan.stored import StoredPlan, read_plan

OURS = ("--parsable", "--requeue", "--open-mode=append", "--export=ALL", "--kill-on-invalid-dep=yes")


def submit(scale: str, cluster_name: str, runs: list[str]) -> str:
    """Submit a job for these runs, unless they are finished or have one. Returns a line for people. runs: in their order."""
    missing = [run for run in runs if not is_finished(scale, run)]
    if not missing:
        return ""
    cluster, plan, queue = read_cluster(cluster_name), read_plan(scale), read_queue(scale)
    name = runs[0]  # a job is called like the first of its runs
    if name in queue:
        remember(scale, runs, queue[name].id)
        return f"job {queue[name].id} ({queue[name].state.lower()}): {name}"
    needed = waited_for(plan, runs)
    size = cluster.size_for((plan.runs[run] for run in missing), forward_costs(scale))
    command = [sys.executable, "-m", "vit", "run", "--scale", scale, *runs]
    arguments = [
        *("sbatch", *OURS, f"--job-name={name}", f"--comment={comment_of(scale)}"),
        *(f"--output={runs_folder(scale).resolve() / name / LOG}", f"--signal=B:USR1@{cluster.warning}"),
        *([f"--dependency=afterok:{':'.join(needed)}"] if needed else []),
        *as_arguments(size.options),
    ]
    job = slurm(*arguments, stdin=job_script(cluster, size, name, command)).strip().partition(";")[0]
    remember(scale, runs, job)
    return f"job {job} ({'waits for ' + ', '.join(needed) if needed else 'submitted'}): {name}"


def waited_for(plan: StoredPlan, runs: list[str]) -> list[str]:
    """Jobs of what the runs need. UserError where that is neither finished nor has a job: it failed a moment ago."""
    scale, jobs = plan.scale_name, []
    for need in dict.fromkeys(need for run in runs for need in plan.runs[run].needs if need not in runs):
        if is_finished(scale, need):
            continue
        job = job_of(scale, need)
        if job is None:
            raise UserError(f"{runs[0]} needs {need}, which has no job; run the same command again")
        jobs.append(job)
    return list(dict.fromkeys(jobs))
