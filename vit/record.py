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
from vit.plan.folders import FORMAT


def write_record(run, folder, *, metrics, lr, seconds, resumed, flops, threads):
    """`seconds` of this process; `resumed`: it went on from a checkpoint, so that earlier ones spent time too."""
    measured = {"metrics": metrics, "lr": lr, "images": run.images, "seconds": round(seconds, 3), "resumed": resumed}
    made = {"device": device_name(), "threads": threads, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    record = {"format": FORMAT, "id": run.id, **measured, "flops": flops, **made, **code()}
    write_text(folder / "metrics.json", json.dumps(record, indent=1) + "\n")


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
