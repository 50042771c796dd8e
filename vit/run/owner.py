"""Which make trains a scale: one at a time. It is asked where make runs, since a process number says nothing elsewhere."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.locks import is_held, locked
from vit.paths import name_of, results
from vit.run.processes import launch

LARGEST = 2**31  # process numbers are below it


@dataclass(frozen=True)
class Owner:
    """A process on a machine; `started` tells it from a later one with its number (None where the system does not say)."""

    process: int
    host: str
    started: str | None

    def is_alive(self):
        """Only its own machine can tell."""
        return is_alive(self.process) and start_of_process(self.process) == self.started


@dataclass(frozen=True)
class Make:
    """The make that started this process: its number, its machine, its Slurm step, the cores that it may use."""

    process: int
    host: str
    step: str
    cores: int


def make():
    """What the Makefile says in VIT_MAKE, as "4711 login1 52. 16"; None for a process that no make started."""
    text = os.environ.get("VIT_MAKE")
    if not text:
        return None
    process, host, step, cores = text.split()
    return Make(int(process), host, step, int(cores))


def has_cores_of_its_own():
    """Did a launcher between make and this process give it a machine, a Slurm step or fewer cores than make has?"""
    started_by = make()
    if started_by is None:
        return launch() is not None
    step = f"{os.environ.get('SLURM_JOB_ID', '')}.{os.environ.get('SLURM_STEP_ID', '')}"
    elsewhere = (started_by.host, started_by.step) != (platform.node(), step)
    return elsewhere or len(os.sched_getaffinity(0)) < started_by.cores


def claim(scale):
    """The first make that is alive owns a scale; UserError for another. To be called on the machine of make."""
    started_by = make()
    process = started_by.process if started_by else os.getpid()
    mine, file = Owner(process, platform.node(), start_of_process(process)), results(scale) / ".owner"
    with locked(results(scale) / ".owner.lock", "busy", wait=True):
        other = owner(file)
        if other and other != mine and is_training(other, scale):
            where = "" if other.host == mine.host else f" of {other.host}"
            told = f"process {other.process}{where} trains here already"
            raise UserError(f"{name_of(results(scale))}: {told}; wait for it or stop it")
        write_text(file, json.dumps(asdict(mine)) + "\n")


def owner(file):
    """The Owner in a file, or None: there is none, or it says nothing that can be checked."""
    try:
        found = Owner(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    sound = type(found.process) is int and 0 < found.process < LARGEST and isinstance(found.host, str)
    return found if sound else None


def is_training(other, scale):
    """Of another machine's process this one knows what its runs hold: a slot each."""
    if other.host == platform.node():
        return other.is_alive()
    return any(is_held(slot) for slot in (results(scale) / ".slots").glob("*"))


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def start_of_process(process):
    """When it started, in the system's ticks; None where there is no /proc or no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None
