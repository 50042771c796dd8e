"""metrics.json: what a run measured, and where, when and with what it did. Written last: its presence means finished."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version

from vit.atomic import write_text
from vit.machine import device_name
from vit.plan.files import ROOT
from vit.plan.folders import FORMAT, read_metrics


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
    if record := read_metrics(folder):
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
