"""Where a scale's results lie, and what a run's folder says of it."""

import fcntl
import json
import math
import os
from contextlib import contextmanager
from pathlib import Path

from vit.errors import UserError
from vit.plan.cells import digest
from vit.plan.files import ROOT, name_of, read_yaml

FORMAT = 1  # of metrics.json; another version's results are refused, never overwritten


def results(scale_name):
    """results/SCALE; VIT_RESULTS points elsewhere (a bigger disk, a test)."""
    return Path(os.environ.get("VIT_RESULTS", ROOT / "results")) / scale_name


def runs_folder(scale_name):
    return results(scale_name) / "runs"


NUMBERS = ("lr", "images", "seconds", "flops", "threads")  # of metrics.json
TEXTS = ("id", "device", "date", "commit")


def read_metrics(folder):
    """The finished run's metrics.json, or None where there is none yet."""
    path = Path(folder) / "metrics.json"
    try:
        metrics = json.loads(path.read_text())
        if metrics["format"] != FORMAT:
            told = f"format {metrics['format']} was written by another version; this one reads format {FORMAT}"
            raise UserError(f"{name_of(path)}: {told}")
        numbers = {**{name: metrics[name] for name in NUMBERS}, **metrics["metrics"]}
        wrong = [name for name, value in numbers.items() if not math.isfinite(value)]
        wrong += [name for name in TEXTS if not isinstance(metrics[name], str)]
        if wrong or not isinstance(metrics["versions"], dict) or not metrics["metrics"]:
            raise ValueError(f"'{(wrong or ['versions'])[0]}' is not what a run writes")
        return metrics
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        told = f"damaged ({type(error).__name__}: {error}); move it away and give the same command again"
        raise UserError(f"{name_of(path)}: {told}") from None


def check_config(folder):
    """The config in a run's folder must be the one its name was made from."""
    path = Path(folder) / "config.yaml"
    if digest(read_yaml(path)) != Path(folder).name.rsplit("-", 1)[-1]:
        raise UserError(
            f"{name_of(path)}: edited since it was planned, and its folder's name stands for other numbers; remove it and give the same command again"
        )


@contextmanager
def locked(path, busy, wait=False):
    """Hold a lock file while the block runs; a UserError with the text `busy` if another process holds it, or wait.

    The lock is the process's own (lockf): with flock the workers that load its data would hold it too, for the seconds
    that they outlive a kill.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except (BlockingIOError, PermissionError):
            raise UserError(busy) from None
        yield


def is_running(folder):
    """Does another living process hold the run's lock?"""
    return is_held(Path(folder) / ".lock")


def is_held(lock):
    """Does another living process hold this lock file?"""
    if not lock.exists():
        return False
    with open(lock) as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
    return False
