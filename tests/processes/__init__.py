"""Real processes of `python -m vit` that start in a blink, and a copy of the code with experiments of its own."""

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


def small_experiments(folder):
    """A copy of the code whose only experiment is experiment.yaml."""
    for name in ("vit", "data", "experiments/recipes", "results/paper"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("downloads", "__pycache__"))
    (folder / "experiments" / "scales").mkdir()
    shutil.copy(ROOT / "experiments" / "scales" / "paper.yaml", folder / "experiments" / "scales")
    shutil.copy(HERE / "experiment.yaml", folder / "experiments" / "all.yaml")
    for scale in (HERE / "scales").glob("*.yaml"):
        shutil.copy(scale, folder / "experiments" / "scales")
    return folder


class ForkServer:
    """See server.py."""

    def __init__(self, folder):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("VIT_", "MAKE", "MFLAGS"))}
        environment = {
            **inherited,
            "VIT_DATA": str(folder / "bytes"),
            "OMP_NUM_THREADS": "1",
            "MAKEFLAGS": " -j8",  # a share of one thread, whatever the machine
        }
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, HERE / "server.py"], cwd=folder, env=environment, **pipes)
        self.ready = False

    def ask(self, order):
        if not self.ready:  # waited for as late as can be: it starts while tests that do not need it run
            self.ready = json.loads(self.process.stdout.readline()) == "ready"
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Processes:
    """`python -m vit` in a checkout, by a fork server."""

    def __init__(self, server, root):
        self.server, self.root = server, str(root)

    def start(self, *arguments, results, output="said", stderr=None, cwd=None, dies=None, **environment):
        """A running process: its id. Its results go to `results`, its output to a file there, or stderr to another.

        dies: see server.py; one or several.
        """
        results.mkdir(parents=True, exist_ok=True)
        dies = dies if isinstance(dies, list) else [dies] if dies else []
        files = {"stdout": str(results / output), "stderr": str(results / (stderr or output))}
        order = {"root": self.root, "arguments": arguments, "cwd": str(cwd or self.root), "dies": dies, **files}
        return self.server.ask({**order, "environment": {"VIT_RESULTS": str(results), **environment}})

    def end(self, process):
        """Wait for it: the exit code, or minus the signal that ended it."""
        return os.waitstatus_to_exitcode(self.server.ask({"root": self.root, "wait": process}))

    def run(self, *arguments, results, **options):
        """A process to its end, as subprocess.run gives it back."""
        code = self.end(self.start(*arguments, results=results, output="stdout", stderr="stderr", **options))
        stdout, stderr = ((results / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(arguments, code, stdout, stderr)
