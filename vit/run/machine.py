"""The machine that several runs share: how many processes there are, which part of it is this one's, what it is called."""

import itertools
import os
import re
import sys
import time
from contextlib import ExitStack, contextmanager

from vit.errors import UserError
from vit.locks import locked
from vit.paths import name_of, results
from vit.run.owner import claim, has_cores_of_its_own, make
from vit.run.processes import launch, number

PATIENCE = 50  # tries, each a tenth of a second apart, before somebody is told


def concurrent_processes():
    """The N of make -jN; a bare -j lets make start any number, so one core each."""
    found = re.search(r"(?:^|\s)(?:-j|--jobs=?)\s*(\d*)", os.environ.get("MAKEFLAGS", ""))
    if not found:
        return 1
    return int(found.group(1) or os.cpu_count())


@contextmanager
def slot(scale, jobs):
    """One of `jobs` slots of the scale, held by a lock: the share of cores or GPUs, and the line on the terminal.

    A bare `make -j` starts more processes than there are slots; they wait here.
    """
    if make() is None:  # else make has claimed it, on its own machine
        claim(scale)
    with ExitStack() as held:
        for attempt in itertools.count():
            position = attempt % jobs
            try:
                held.enter_context(locked(results(scale) / ".slots" / str(position), "busy"))
                break
            except UserError:
                time.sleep(0.1)
            if attempt == PATIENCE:
                where = name_of(results(scale))
                print(f"{where}: all {jobs} slots are taken by runs that train here already; waiting", file=sys.stderr)
        yield position


def share(jobs, position):
    """Divide cores and GPUs between make's processes: two that use all of them spin against each other.

    What a launcher gave to this process (LAUNCH="srun -c4", "taskset -c 0-3") is its own and is not divided.
    """
    if has_cores_of_its_own():
        jobs = 1
    threads = max(1, cores() // jobs)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    if jobs > 1 and (gpus := visible_gpus()):
        mine = gpus[position % len(gpus) :: jobs] or [gpus[position % len(gpus)]]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(mine)


def cores():
    """Of this process: what the system lets it use, and in a Slurm job no more than the job was given."""
    usable, started = len(os.sched_getaffinity(0)), launch()
    if started is not None and started.by == "srun":
        per_task = number("SLURM_CPUS_ON_NODE", usable) // started.here
        return min(usable, number("SLURM_CPUS_PER_TASK", max(1, per_task)))
    return min(usable, number("SLURM_CPUS_ON_NODE", usable))


def visible_gpus():
    """Their names as CUDA_VISIBLE_DEVICES has them."""
    import torch

    if not torch.cuda.is_available():
        return []
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    return listed.split(",") if listed else [str(index) for index in range(torch.cuda.device_count())]
