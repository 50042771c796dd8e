"""`make plan` and `make status`: what is to be done, what it costs, what is done."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from vit.errors import UserError
from vit.locks import is_running
from vit.paths import runs_folder
from vit.plan.cost_file import TRAINING, costs_of
from vit.plan.graph import groups
from vit.plan.time_needed import OVERHEAD_SECONDS, START_SECONDS, measured_speed, seconds_needed
from vit.record import read_record

HEAD = ("runs", "pre-training", "images", "FLOPs", "time", "disk")
BYTES_A_PARAMETER = 4  # float32; one file for each finished run, none for the points of a sweep


def run_flops(run, costs: dict) -> float:
    return TRAINING * costs[run.cost_key]["flops"] * run.images


def flops_per_second(plan, costs: dict) -> tuple[float, str]:
    """(FLOP/s of one process, 'measured on ...' or 'assumed'): from this scale's finished runs, else as the scale assumes."""
    finished = [
        (run, record) for run in plan.runs.values() if (record := read_record(runs_folder(plan.scale_name) / run.id))
    ]
    flops, seconds = (
        sum(run_flops(run, costs) for run, _ in finished),
        sum(record["seconds"] for _, record in finished),
    )
    speed = measured_speed(flops, seconds, len(finished))
    if not speed:
        return plan.scale.assumed_flops_per_second, "assumed"
    return speed, f"measured on {len(finished)} finished runs"


def overview(plan, jobs: int) -> str:
    """The table of `make plan`: for each experiment runs, images, FLOPs, time and disk."""
    costs = costs_of(plan)
    speed, source = flops_per_second(plan, costs)
    rows, together = [("experiment", *HEAD)], [set(group) for group in groups(plan)]
    for name in plan.experiments:
        rows.append(_row(plan, name, plan.runs_of(name), costs, speed, together, jobs))
    rows.append(_row(plan, "all together", list(plan.runs), costs, speed, together, jobs))
    foot = f"{_assumed(jobs, speed, source)}; runs shared by several experiments are counted once in the last line"
    return "\n".join([*aligned(rows), foot])


def _assumed(jobs, speed, source):
    return (
        f"time: {jobs} processes at once, {speed:.2g} FLOP/s each ({source}); {START_SECONDS:g} s to start a process and"
        f" {OVERHEAD_SECONDS:g} s a run besides its images"
    )


def addition(plan, name: str, jobs: int) -> str:
    """The table of `make plan EXPERIMENT=name`: what is finished, what other experiments need as well, what is new."""
    costs, folder = costs_of(plan), runs_folder(plan.scale_name)
    speed, source = flops_per_second(plan, costs)
    runs = plan.runs_of(name)
    others = {other: set(plan.runs_of(other)) & set(runs) for other in plan.experiments if other != name}
    finished = {run for run in runs if read_record(folder / run)}
    shared = set().union(*others.values()) - finished
    parts = {
        "finished": finished,
        "missing, shared with others": shared,
        "missing, new": set(runs) - finished - shared,
        "to be trained": set(runs) - finished,
    }
    rows, together = [(name, *HEAD)], [set(group) for group in groups(plan)]
    for label, part in parts.items():
        rows.append(_row(plan, label, [run for run in runs if run in part], costs, speed, together, jobs))
    counts = ", ".join(f"{len(common)} with {other}" for other, common in others.items() if common)
    foot = f"of its {len(runs)} runs it shares {counts or 'none with other experiments'}"
    return "\n".join([*aligned(rows), foot, _assumed(jobs, speed, source)])


def _row(plan, name, ids, costs, speed, together, jobs):
    """together: the ids that share a process, of all processes."""
    runs = [plan.runs[run] for run in ids]
    flops = sum(run_flops(run, costs) for run in runs)
    processes = sum(not group.isdisjoint(ids) for group in together)
    seconds = seconds_needed(flops, speed, runs=len(runs), processes=processes, jobs=jobs)
    kept = [costs[run.cost_key]["parameters"] for run in runs if run.keeps_weights]
    pretraining = sum(run.pretrains for run in runs)
    return (name, str(len(runs)), str(pretraining), f"{sum(run.images for run in runs):,}", f"{flops:.2e}",
            duration(seconds) if runs else "-", f"{sum(kept) * BYTES_A_PARAMETER / 1e9:.2g} GB")  # fmt: skip


def status(plan, jobs: dict[str, str] | None = None) -> tuple[str, list[str]]:
    """The table of `make status`: finished, running and missing runs of each experiment; and an error for each damaged record.

    A run whose record is damaged counts as missing. jobs: run -> what its job of Slurm does, 'running', 'queued' or 'failed'; None
    where nothing was submitted.
    """
    folder, recorded, damaged = runs_folder(plan.scale_name), set(), []
    for run in plan.runs:
        try:
            recorded |= {run} if read_record(folder / run) else set()
        except UserError as error:
            damaged.append(str(error))
    kinds = ("running", "missing") if jobs is None else ("running", "queued", "failed", "missing")
    rows = [("experiment", "finished", *kinds)]
    for name in plan.experiments:
        runs = plan.runs_of(name)
        states = Counter(state_of(run, recorded, jobs or {}, folder) for run in runs)
        rows.append((name, *(str(states[kind]) for kind in ("finished", *kinds))))
    return "\n".join(aligned(rows)), damaged


def state_of(run: str, recorded: set[str], jobs: dict[str, str], folder: Path) -> str:
    if run in recorded:
        return "finished"
    return "running" if is_running(folder / run) else jobs.get(run, "missing")


def duration(seconds: float) -> str:
    """'40 s', '7 min', '3.2 h', '12 days': as people say it."""
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min")):
        if seconds < limit:
            return f"{max(1, round(seconds / unit))} {name}"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days"


def aligned(rows: list[Sequence[str]], left: Iterable[int] = (0,)) -> list[str]:
    """The lines of a table of texts. left: columns aligned to the left; others, such as numbers, to the right."""
    widths, left = [max(map(len, column)) for column in zip(*rows, strict=True)], set(left)
    return [
        "  ".join(
            text.ljust(width) if i in left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
