"""`make plan` and `make status`: what is to be done, what it costs, what is done."""

from collections.abc import Iterable, Sequence

from vit.locks import is_running
from vit.paths import runs_folder
from vit.plan.cost_file import TRAINING, costs_of
from vit.record import read_record

BYTES_A_PARAMETER = 4  # float32; one file for each finished run, none for the points of a sweep


def run_flops(run, costs: dict) -> float:
    return TRAINING * costs[run.cost_key]["flops"] * run.images


def flops_per_second(plan, costs: dict) -> tuple[float, str]:
    """(FLOP/s of one process, 'measured on ...' or 'assumed'): from this scale's finished runs, else as the scale assumes."""
    finished = [
        (run, record) for run in plan.runs.values() if (record := read_record(runs_folder(plan.scale_name) / run.id))
    ]
    seconds = sum(record["seconds"] for _, record in finished)
    if not finished:
        return plan.scale.assumed_flops_per_second, "assumed"
    return sum(run_flops(run, costs) for run, _ in finished) / seconds, f"measured on {len(finished)} finished runs"


def overview(plan, jobs: int) -> str:
    """The table of `make plan`: for each experiment runs, images, FLOPs, time and disk."""
    costs = costs_of(plan)
    speed, source = flops_per_second(plan, costs)
    rows = [("experiment", "runs", "pre-training", "images", "FLOPs", "time", "disk")]
    for name in plan.experiments:
        rows.append(_row(name, [plan.runs[run] for run in plan.runs_of(name)], costs, speed * jobs))
    rows.append(_row("all together", list(plan.runs.values()), costs, speed * jobs))
    foot = f"time: {jobs} processes at {speed:.2g} FLOP/s each ({source}); runs shared by several experiments are counted once in the last line"
    return "\n".join([*aligned(rows), foot])


def _row(name, runs, costs, speed):
    flops = sum(run_flops(run, costs) for run in runs)
    kept = [costs[run.cost_key]["parameters"] for run in runs if run.keeps_weights]
    pretraining = sum(run.pretrains for run in runs)
    return (name, str(len(runs)), str(pretraining), f"{sum(run.images for run in runs):,}", f"{flops:.2e}",
            duration(flops / speed), f"{sum(kept) * BYTES_A_PARAMETER / 1e9:.2g} GB")  # fmt: skip


def status(plan) -> str:
    """The table of `make status`: finished, running and missing runs of each experiment."""
    folder, rows = runs_folder(plan.scale_name), [("experiment", "finished", "running", "missing")]
    for name in plan.experiments:
        runs = plan.runs_of(name)
        finished = [run for run in runs if read_record(folder / run)]
        running = [run for run in runs if run not in finished and is_running(folder / run)]
        rows.append((name, str(len(finished)), str(len(running)), str(len(runs) - len(finished) - len(running))))
    return "\n".join(aligned(rows))


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
