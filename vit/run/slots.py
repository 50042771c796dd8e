"""The slot of a run among make's parallel jobs: its lock, its CPU threads, its GPUs."""

import itertools
import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from vit.errors import UserError
from vit.locks import locked
from vit.paths import name_of, results
from vit.run.distributed import current_launch
from vit.run.env import env_int
from vit.run.scale_owner import claim_scale, make_process

NOTICE_AFTER = 50  # attempts, a tenth of a second apart


def parallel_jobs() -> int:
    """The N of `make -jN`, 1 without make; the number of cores for a bare -j, with which make has no limit."""
    option = re.search(r"(?:^|\s)(?:-j|--jobs=?)\s*(\d*)", os.environ.get("MAKEFLAGS", ""))
    if not option:
        return 1
    return int(option.group(1) or os.cpu_count())


@contextmanager
def slot(scale: str, jobs: int) -> Iterator[int]:
    """Lock one of `jobs` slots of the scale and yield its index; wait while all are locked (a bare `make -j`).

    A job of Slurm has a machine's part of its own and takes none: it would hold that idle while it waits.
    """
    if is_job():
        yield 0
        return
    if make_process() is None:  # else make has claimed the scale, on its own machine
        claim_scale(scale)
    with ExitStack() as lock:
        for attempt in itertools.count():
            index = attempt % jobs
            try:
                lock.enter_context(locked(results(scale) / ".slots" / str(index), "slot is taken"))
                break
            except UserError:
                time.sleep(0.1)
            if attempt == NOTICE_AFTER:
                print(f"{name_of(results(scale))}: waiting, other runs hold all {jobs} slots", file=sys.stderr)
        yield index


def is_job() -> bool:
    """Whether `vit submit` submitted this process."""
    return bool(os.environ.get("VIT_JOB"))


def use_share(jobs: int, index: int) -> None:
    """Limit this process to the cores and GPUs of slot `index` of `jobs`.

    Cores and GPUs that a launcher gave to this process (LAUNCH="srun -c4", "taskset -c 0-3") are not divided.
    """
    if has_separate_cores():
        jobs = 1
    threads = max(1, usable_cores() // jobs)  # more threads than cores wait for each other in spin locks
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    if jobs > 1 and (gpus := visible_gpus()):
        selected = gpus[index % len(gpus) :: jobs] or [gpus[index % len(gpus)]]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(selected)


def has_separate_cores() -> bool:
    """Whether a launcher between make and this process gave it a machine, a Slurm step or fewer cores than make has."""
    make = make_process()
    if make is None:
        return current_launch() is not None
    step = f"{os.environ.get('SLURM_JOB_ID', '')}.{os.environ.get('SLURM_STEP_ID', '')}"
    return (make.host, make.step) != (platform.node(), step) or len(os.sched_getaffinity(0)) < make.cores


def usable_cores() -> int:
    """Cores in this process's CPU affinity, and no more than Slurm gave to its task or job."""
    affinity, launch = len(os.sched_getaffinity(0)), current_launch()
    if launch is not None and launch.launcher == "srun":
        per_task = env_int("SLURM_CPUS_ON_NODE", affinity) // launch.local_world_size
        return min(affinity, env_int("SLURM_CPUS_PER_TASK", max(1, per_task)))
    own = min(affinity, env_int("SLURM_CPUS_ON_NODE", affinity))
    return own if launch is None else max(1, own // launch.local_world_size)  # torchrun's processes share them


def visible_gpus() -> list[str]:
    """GPUs as CUDA_VISIBLE_DEVICES names them: an index or a UUID each."""
    import torch

    if not torch.cuda.is_available():
        return []
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    return listed.split(",") if listed else [str(index) for index in range(torch.cuda.device_count())]
