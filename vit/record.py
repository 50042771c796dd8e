"""The record of a finished run, metrics.json: what it measured, when and on what. Written last: it means finished."""

import json
import math
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.paths import ROOT, name_of

FORMAT = 1
NUMBERS = ("lr", "images", "seconds", "flops", "threads")  # keys of a record, besides those of its metrics
TEXTS = ("id", "device", "date", "commit")
# Metrics on held-out images by which runs may be compared: 1 where more is better, -1 where less is.
MEASURES = {"accuracy": 1, "class_mean_accuracy": 1, "mean_average_precision": 1, "loss": -1}


@dataclass(frozen=True)
class Outcome:
    """What training and evaluation of a run gave."""

    metrics: dict[str, float]
    lr: float
    resumed: bool  # from a checkpoint: earlier processes spent time on the run too
    micro_batch: int | None  # images per device and forward pass; None for a run that diverged
    skipped_images: dict[str, int] = field(default_factory=dict)  # split -> unreadable images, with `on_error: skip`


def read_record(folder: Path | str) -> dict | None:
    """None if the run is not finished; UserError if the record is damaged or of another format."""
    path = Path(folder) / "metrics.json"
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:  # not JSON, or not UTF-8
        raise UserError(
            f"{name_of(path)}: damaged, not valid JSON ({error}); move it away and run the same command again"
        ) from None
    if isinstance(record, dict) and record.get("format", FORMAT) != FORMAT:
        raise UserError(
            f"{name_of(path)}: written by another version in format {record['format']}, but this version reads format {FORMAT}"
        )
    if (key := invalid_key(record)) is not None:
        raise UserError(
            f"{name_of(path)}: damaged, key '{key}' is missing or not valid; move it away and run the same command again"
        )
    return record


def invalid_key(record: object) -> str | None:
    """The first key of a record that is missing or of the wrong type; None if the record is valid."""
    if not isinstance(record, dict) or "format" not in record:
        return "format"
    metrics = record.get("metrics")
    if not isinstance(metrics, dict) or not metrics:
        return "metrics"
    numbers = {name: record.get(name) for name in NUMBERS} | metrics
    invalid = [name for name, value in numbers.items() if not is_finite(value)]
    invalid += [name for name in TEXTS if not isinstance(record.get(name), str)]
    invalid += ["versions"] if not isinstance(record.get("versions"), dict) else []
    return invalid[0] if invalid else None


def held_out_score(record: dict, measure: str) -> float:
    """How well the run did on held-out images, more being better: by this a learning rate is chosen, and of recipes that
    compete one (B.1.1). -inf for a run that diverged; UserError if the run did not measure it."""
    metrics, name = record["metrics"], f"held_out_{measure}"
    if "diverged_at_step" in metrics:
        return -math.inf
    if name not in metrics:
        raise UserError(
            f"{record['id']}: metrics: no '{name}' to select by; this run measured {', '.join(metrics)}; change select_by, or"
            " move the run away to repeat it"
        )
    return MEASURES[measure] * metrics[name]


def is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def write_record(
    run, folder: Path, outcome: Outcome, *, seconds: float, flops: float, threads: int, arrays: dict[str, list[int]]
) -> None:
    """seconds: of this process only; flops: of the whole run; arrays: name -> shape of those that it left."""
    tests = int(has_test(outcome.metrics))
    skipped = {"skipped_images": outcome.skipped_images} if outcome.skipped_images else {}
    record = {
        "format": FORMAT,
        "id": run.id,
        "metrics": outcome.metrics,
        "lr": outcome.lr,
        "images": run.images,
        "seconds": round(seconds, 3),
        "resumed": outcome.resumed,
        "test_evaluations": tests,
        **skipped,
        **({"arrays": arrays} if arrays else {}),
        "flops": flops,
        "device": device_name(),
        "threads": threads,
        "micro_batch": outcome.micro_batch,
        "date": now(),
        **code(),
    }
    write(folder, record)


def write(folder: Path, record: dict) -> None:
    write_text(folder / "metrics.json", json.dumps(record, indent=1) + "\n")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def has_test(metrics: dict[str, float]) -> bool:
    return any(name.startswith("test_") for name in metrics)


def test_evaluations(record: dict) -> int:
    """How many times a finished run was evaluated on its test split."""
    return record.get("test_evaluations", int(has_test(record["metrics"])))  # older records lack the key


def count_test(folder: Path) -> None:
    """Record one more evaluation of a finished run on its test split, and its date."""
    if record := read_record(folder):
        write(folder, {**record, "test_evaluations": test_evaluations(record) + 1, "last_test_evaluation": now()})


@lru_cache
def code() -> dict:
    """{"commit": hash, followed by + if tracked files have changes, "versions": of Python and the main packages}.

    Rendered tables are tracked too, but change no number: results/ does not count.
    """

    def git(*arguments):
        result = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
        return result.stdout.strip() if result.returncode == 0 else ""

    changed = "+" if git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results") else ""
    packages = {name: version(name) for name in ("torch", "lightning", "torchvision")}
    versions = {"python": platform.python_version(), **packages}
    return {"commit": git("rev-parse", "--short", "HEAD") + changed, "versions": versions}


@lru_cache
def device_name() -> str:
    """The GPU's model name, else the processor's."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
