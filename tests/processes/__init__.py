"""A copy of the code with experiments of its own, and real processes in it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from vit.paths import ROOT

HERE = Path(__file__).parent


def in_order(runs):
    """Ids of the planned runs in a folder: pre-training first, then sweeps, then what needs either, then evaluations."""
    ids = sorted(path.name for path in runs.iterdir())
    first, last = ("pretrain-", "masked-patch-"), "evaluate-"
    return sorted(ids, key=lambda name: (name.startswith(last), not name.startswith(first), "-lr" not in name))


class Processes:
    """`python -m vit` in a copy of the repository whose only experiment is experiment.yaml; see server.py."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("vit", "data", "experiments/recipes", "results/paper"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("downloads", "__pycache__"))
        (folder / "experiments" / "scales").mkdir()
        shutil.copy(ROOT / "experiments" / "scales" / "paper.yaml", folder / "experiments" / "scales")
        shutil.copy(HERE / "experiment.yaml", folder / "experiments" / "all.yaml")
        for scale in (HERE / "scales").glob("*.yaml"):
            shutil.copy(scale, folder / "experiments" / "scales")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("VIT_", "MAKE", "MFLAGS"))}
        environment = {
            **inherited,
            "PYTHONPATH": str(folder),
            "VIT_DATA": str(folder / "bytes"),
            "OMP_NUM_THREADS": "1",
            "MAKEFLAGS": " -j8",  # a share of one thread, whatever the machine
        }
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.server = subprocess.Popen([sys.executable, HERE / "server.py"], cwd=folder, env=environment, **pipes)
        assert self.ask() == "ready"

    def ask(self, order=None):
        if order is not None:
            self.server.stdin.write(json.dumps(order) + "\n")
            self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def start(self, *arguments, results, output="said", dies=None, **environment):
        """A running process; its results go to `results`, what it says to a file there. dies: see server.py; one or several."""
        results.mkdir(parents=True, exist_ok=True)
        dies = dies if isinstance(dies, list) else [dies] if dies else []
        order = {"arguments": arguments, "output": str(results / output), "dies": dies}
        return self.ask({**order, "environment": {"VIT_RESULTS": str(results), **environment}})

    def end(self, process):
        """Wait for it: the exit code, or minus the signal that ended it."""
        return os.waitstatus_to_exitcode(self.ask(process))

    def close(self):
        self.server.stdin.close()
        self.server.wait()
