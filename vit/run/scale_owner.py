"""The one make that may train a scale, recorded in results/SCALE/.owner.

It is claimed on the machine where make runs: runs may be on other machines, where make's process id means nothing.
"""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.locks import is_held, locked
from vit.paths import name_of, results

PID_LIMIT = 2**31  # os.kill raises OverflowError from here on


@dataclass(frozen=True)
class Owner:
    """A process: its id, its machine, and its start time, since ids are reused (None if the system does not tell)."""

    process: int
    host: str
    started: str | None

    def is_alive(self) -> bool:
        """To be called on the owner's own machine."""
        return is_alive(self.process) and start_time(self.process) == self.started


@dataclass(frozen=True)
class MakeProcess:
    """The make that started this process: its id, machine, Slurm step, and the number of cores that it may use."""

    process: int
    host: str
    step: str
    cores: int


def make_process() -> MakeProcess | None:
    """From VIT_MAKE, which the Makefile sets to, for example, "4711 login1 52. 16"; None without make."""
    text = os.environ.get("VIT_MAKE")
    if not text:
        return None
    process, host, step, cores = text.split()
    return MakeProcess(int(process), host, step, int(cores))


def claim_scale(scale: str) -> None:
    """Make this process's make the owner of a scale; UserError if another living process owns it."""
    make = make_process()
    process = make.process if make else os.getpid()
    claimant, file = Owner(process, platform.node(), start_time(process)), results(scale) / ".owner"
    with locked(results(scale) / ".owner.lock"):
        owner = read_owner(file)
        if owner and owner != claimant and is_training(owner, scale):
            raise UserError(
                f"{name_of(results(scale))}: process {owner.process} on {owner.host} trains here already; wait for it or stop it"
            )
        write_text(file, json.dumps(asdict(claimant)) + "\n")


def read_owner(file: Path) -> Owner | None:
    """None if the file is missing or not one that claim_scale has written."""
    try:
        owner = Owner(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):  # TypeError: not a mapping, or one with other keys
        return None
    valid = type(owner.process) is int and 0 < owner.process < PID_LIMIT and isinstance(owner.host, str)
    return owner if valid else None


def is_training(owner: Owner, scale: str) -> bool:
    """Whether the owner is alive; if it is on another machine, whether any of the scale's slots is locked."""
    if owner.host == platform.node():
        return owner.is_alive()
    return any(is_held(slot) for slot in (results(scale) / ".slots").glob("*"))


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and belongs to another user
        pass
    return True


def start_time(process: int) -> str | None:
    """In clock ticks since boot (field 22 of proc(5)'s stat); None without /proc, without such a process, or where it has ended and its
    parent has not asked for its status yet, as in containers whose first process is slow to."""
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in ("Z", "X") else fields[18]
