"""Where a scale's results lie, and what a run's folder says of it."""

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path

from vit.errors import UserError
from vit.plan.experiment import digest
from vit.plan.files import ROOT, name_of, read_yaml

FORMAT = 1  # of metrics.json; another version's results are refused, never overwritten


def results(scale_name):
    """results/SCALE; VIT_RESULTS points elsewhere (a bigger disk, a test)."""
    return Path(os.environ.get("VIT_RESULTS", ROOT / "results")) / scale_name


def runs_folder(scale_name):
    return results(scale_name) / "runs"


def read_metrics(folder):
    """The finished run's metrics.json, or None where there is none yet."""
    path = Path(folder) / "metrics.json"
    if not path.exists():
        return None
    try:
        metrics = json.loads(path.read_text())
        if metrics["format"] != FORMAT:
            raise UserError(
                f"{name_of(path)}: format {metrics['format']} was written by another version; this one reads format {FORMAT}"
            )
        return metrics if metrics["metrics"] is not None else None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{name_of(path)}: damaged ({type(error).__name__}: {error}); move it away and give the same command again"
        ) from None


def check_config(folder):
    """The config in a run's folder must be the one its name was made from."""
    path = Path(folder) / "config.yaml"
    if digest(read_yaml(path)) != Path(folder).name.rsplit("-", 1)[-1]:
        raise UserError(
            f"{name_of(path)}: edited since it was planned, and its folder's name stands for other numbers; `make plan` restores it"
        )


@contextmanager
def locked(path, busy):
    """Hold a lock file while the block runs; a UserError with the text `busy` if another process holds it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(busy) from None
        yield


def is_running(folder):
    """Does a living process hold the run's lock?"""
    lock = Path(folder) / ".lock"
    if not lock.exists():
        return False
    with open(lock) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
