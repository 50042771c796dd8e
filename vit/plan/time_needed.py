"""How long runs take: their FLOPs, what a run costs besides its images, and the starts of the processes."""

OVERHEAD_SECONDS = 1.0  # of a run besides its images: building, reading data, evaluating
START_SECONDS = 9.0  # of a process: importing torch and lightning, on two cores


def measured_speed(flops: float, seconds: float, runs: int) -> float | None:
    """FLOP/s of one process, from finished runs; None where all their time was overhead, none trained, or none is finished."""
    training = seconds - OVERHEAD_SECONDS * runs
    return flops / training if training > 0 and flops > 0 else None


def seconds_needed(flops: float, speed: float, *, runs: int, processes: int, jobs: int) -> float:
    """Of so many processes, `jobs` at a time. speed: FLOP/s of one of them."""
    work = flops / speed + OVERHEAD_SECONDS * runs + START_SECONDS * processes
    return work / max(1, min(jobs, processes))
