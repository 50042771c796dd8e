"""Table 5 at scale smoke as jobs of a real Slurm, compared bit for bit with the runs that `make table5 SCALE=smoke` left without it.

`python tests/slurm_table5.py`, which .ci/run calls. Exit code 1 where a run differs; where Slurm cannot be started a line says so.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from slurm_machine import REASON, SlurmMachine
from test_kills import outcome

from vit.paths import ROOT, runs_folder

OF_JOBS = ("job", "job.log")  # files that only a job leaves


def made_by_jobs(results: Path, machine: SlurmMachine) -> Path:
    """The folder of the runs, after make has submitted them all and waited."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "VIT_RESULTS"))}
    command = [
        "make",
        "-j4",
        "table5",
        "SCALE=smoke",
        "CLUSTER=test",
        "VENV=",
        f"PYTHON={sys.executable}",
        f"VIT_RESULTS={results}",
    ]
    environment = {
        **kept,
        "SLURM_CONF": machine.environment["SLURM_CONF"],
        "VIT_RESULTS": str(results),
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return results / "smoke" / "runs"


def differences(expected: Path, found: Path) -> list[str]:
    """'RUN: part' of what is not equal."""
    unequal = []
    for folder in sorted(path.parent for path in found.glob("*/metrics.json")):
        without, own = outcome(expected / folder.name), outcome(folder)
        own["files"] = [name for name in own["files"] if name not in OF_JOBS]
        unequal += [f"{folder.name}: {part}" for part in without if own[part] != without[part]]
    return unequal


def main() -> None:
    if REASON:
        print(f"Table 5 under Slurm: not tried ({REASON})")
        return
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, SlurmMachine(Path(folder) / "slurm", nodes=2, cpus=1) as machine:
        runs = made_by_jobs(Path(folder) / "results", machine)
        unequal, count = differences(runs_folder("smoke"), runs), len(list(runs.glob("*/metrics.json")))
        submitted = len({path.read_text() for path in runs.glob("*/job")})
    print(
        f"Table 5 under Slurm: {count} runs in {submitted} jobs, {len(unequal)} differences, {time.monotonic() - start:.0f} s"
    )
    if unequal or not count:
        sys.exit("\n".join(unequal) or "no run was finished")


if __name__ == "__main__":
    main()
