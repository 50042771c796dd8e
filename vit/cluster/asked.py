"""`make plan CLUSTER=NAME`: what will be asked of Slurm."""

from vit.cluster.cluster import Cluster, Size, as_arguments
from vit.cluster.jobs import is_finished
from vit.plan.cost_file import costs_of
from vit.plan.graph import groups
from vit.plan.overview import aligned

HEAD = ("FLOPs of a run", "jobs", "runs", "tasks", "environment, and asked of sbatch")


def asked(plan, cluster: Cluster, experiment: str | None) -> str:
    """A line for each size: how many jobs and runs are not finished, and the options that each job gets."""
    costs, wanted = costs_of(plan), set(plan.runs_of(experiment) if experiment else plan.runs)
    missing = {run for run in wanted if not is_finished(plan.scale_name, run)}
    jobs = [part for group in groups(plan, cluster.processes) if (part := [run for run in group if run in missing])]
    sizes = [cluster.size_for((plan.runs[run] for run in job), costs) for job in jobs]
    rows = [HEAD]
    for size in cluster.sized:
        mine = [job for job, own in zip(jobs, sizes, strict=True) if own == size]
        rows.append(
            (
                bound(size),
                str(len(mine)),
                str(sum(map(len, mine))),
                str(size.tasks),
                " ".join([*size.variables, *as_arguments(size.options)]),
            )
        )
    return "\n".join([cluster.title, *aligned(rows, left=(0, 4))])


def bound(size: Size) -> str:
    return "any number" if size.flops is None else f"up to {size.flops:.2g}"
