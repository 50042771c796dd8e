"""metrics.json: what a run measured, and where, when and with what it did. Written last: its presence means finished."""

import json
import math
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.paths import ROOT, name_of

FORMAT = 1  # of metrics.json; another version's results are refused, never overwritten
NUMBERS = ("lr", "images", "seconds", "flops", "threads")  # of metrics.json
TEXTS = ("id", "device", "date", "commit")


def read_record(folder):
    """The finished run's record, or None where there is none yet."""
    path = Path(folder) / "metrics.json"
    try:
        record = json.loads(path.read_text())
        if record["format"] != FORMAT:
            told = f"format {record['format']} was written by another version; this one reads format {FORMAT}"
            raise UserError(f"{name_of(path)}: {told}")
        numbers = {**{name: record[name] for name in NUMBERS}, **record["metrics"]}
        wrong = [name for name, value in numbers.items() if not math.isfinite(value)]
        wrong += [name for name in TEXTS if not isinstance(record[name], str)]
        if wrong or not isinstance(record["versions"], dict) or not record["metrics"]:
            raise ValueError(f"'{(wrong or ['versions'])[0]}' is not what a run writes")
        return record
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        told = f"damaged ({type(error).__name__}: {error}); move it away and give the same command again"
        raise UserError(f"{name_of(path)}: {told}") from None


def write_record(run, folder, *, metrics, lr, seconds, resumed, flops, threads, micro_batch, skipped_images=None):
    """`seconds` of this process; `resumed`: it went on from a checkpoint, so that earlier ones spent time too.

    micro_batch: images that each device took at a time. skipped_images: part -> number of those that could not be read
    and were passed over, where the data's on_error is "skip".
    """
    measured = {"metrics": metrics, "lr": lr, "images": run.images, "seconds": round(seconds, 3), "resumed": resumed}
    made = {"device": device_name(), "threads": threads, "micro_batch": micro_batch, "date": now()}
    tested = {
        "test_evaluations": int(has_test(metrics)),
        **({"skipped_images": skipped_images} if skipped_images else {}),
    }
    write(folder, {"format": FORMAT, "id": run.id, **measured, **tested, "flops": flops, **made, **code()})


def write(folder, record):
    write_text(folder / "metrics.json", json.dumps(record, indent=1) + "\n")


def now():
    return datetime.now(UTC).isoformat(timespec="seconds")


def has_test(metrics):
    return any(name.startswith("test_") for name in metrics)


def test_evaluations(record):
    """How often a finished run has seen its test split."""
    return record.get("test_evaluations", int(has_test(record["metrics"])))


def count_test(folder):
    """A finished run has seen its test split once more: the record says how often, and when last."""
    if record := read_record(folder):
        write(folder, {**record, "test_evaluations": test_evaluations(record) + 1, "last_test_evaluation": now()})


@lru_cache
def code():
    """Commit, with + where the tree had changes, and versions."""

    def git(*words):
        answer = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    dirty = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    packages = {name: version(name) for name in ("torch", "lightning", "torchvision")}
    versions = {"python": platform.python_version(), **packages}
    return {"commit": git("rev-parse", "--short", "HEAD") + dirty, "versions": versions}


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
