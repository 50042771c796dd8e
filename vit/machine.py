"""The machine that several runs share: how many processes there are, which part of it is this one's, what it is called."""

import itertools
import os
import platform
import re
import time
from contextlib import ExitStack, contextmanager
from functools import lru_cache

from vit.errors import UserError
from vit.plan.files import name_of
from vit.plan.folders import locked, results


def concurrent_processes():
    """The N of make -jN; a bare -j lets make start any number, so one core each."""
    found = re.search(r"(?:^|\s)(?:-j|--jobs=?)\s*(\d*)", os.environ.get("MAKEFLAGS", ""))
    if not found:
        return 1
    return int(found.group(1) or os.cpu_count())


def claim(scale):
    """One make at a time trains a scale: the first that is alive owns it, and another is told so."""
    mine, owner = os.environ.get("VIT_MAKE", str(os.getpid())), results(scale) / ".owner"
    with locked(results(scale) / ".owner.lock", "busy", wait=True):
        other = owner.read_text().strip() if owner.exists() else ""
        if other and other != mine and is_alive(int(other)):
            raise UserError(f"{name_of(results(scale))}: process {other} trains here already; wait for it or stop it")
        owner.write_text(mine)


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True


@contextmanager
def slot(scale, jobs):
    """One of `jobs` places at the machine, held by a lock: the share of cores or GPUs, and the line on the terminal.

    A bare `make -j` starts more processes than there are places; they wait here.
    """
    claim(scale)
    with ExitStack() as held:
        for position in itertools.cycle(range(jobs)):
            try:
                held.enter_context(locked(results(scale) / ".slots" / str(position), "busy"))
                break
            except UserError:
                time.sleep(0.1)
        yield position


def share(jobs, position):
    """Divide cores, and GPUs where there are any, between the processes: two that use all of them spin against each other."""
    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    gpus = torch.cuda.device_count()
    if jobs > 1 and gpus and "CUDA_VISIBLE_DEVICES" not in os.environ and "SLURM_JOB_ID" not in os.environ:
        mine = range(gpus)[position % gpus :: jobs] or [position % gpus]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, mine))


@lru_cache
def device_name():
    """The GPU's or the processor's name."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
