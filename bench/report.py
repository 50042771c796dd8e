"""python -m bench.report: planning, rendering and rendering anew of thousands of finished runs, in a temporary copy of the repository."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vit.paths import ROOT
from vit.report.in_parallel import available_cores

COPIED = ("vit", "data", "experiments", "tests", "results/paper")
SCALE = "many"  # tests/many_runs.py writes it
COMMANDS = {  # what is measured, each in a process of its own
    "planned": ("plan",),
    "rendered with nothing there": ("report",),
    "rendered anew": ("report",),
    "claims judged": ("claims",),
}


def copied(folder: Path, runs: int, costs: Path | None) -> int:
    """A copy of the repository in the folder with that many finished runs or a few more; returns their number.

    costs: costs.json of scale `paper`, whose models these are; None to count them.
    """
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        **process(folder, "tests/many_runs.py", str(runs)), capture_output=True, text=True, check=True
    )
    counted = folder / "results" / "paper" / "costs.json"
    if costs is None:
        subprocess.run(**process(folder, "-m", "vit", "cost", "--write", "paper"), check=True)
    else:
        shutil.copy(costs, counted)
    shutil.copy(counted, folder / "results" / SCALE)
    return int(done.stdout.split()[0])


def measured(folder: Path, *arguments: str) -> tuple[float, float]:
    """(seconds, MiB of its largest process) of a command. Errors: RuntimeError where it fails."""
    start = time.perf_counter()
    started = subprocess.Popen(**process(folder, "-m", "vit", *arguments), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    if status:
        raise RuntimeError(f"vit {' '.join(arguments)}: exit status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def process(folder: Path, *arguments: str) -> dict:
    """Of subprocess.Popen: a Python that takes its code from the folder and leaves its results there."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "VIT_RESULTS": str(folder / "results")}
    return {"args": [sys.executable, *arguments], "cwd": folder, "env": environment}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument(
        "--costs", type=Path, metavar="FILE", help="results/paper/costs.json that has been counted (default: count)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        runs = copied(Path(name), options.runs, options.costs)
        for what, command in COMMANDS.items():
            seconds, memory = measured(Path(name), *command, "--scale", SCALE)
            print(
                f"{runs:,} runs {what} in {seconds:.1f} s on {available_cores()} cores, {memory:,.0f} MiB for the largest process",
                flush=True,
            )


if __name__ == "__main__":
    main()
