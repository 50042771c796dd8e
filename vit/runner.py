"""`python -m vit run ID ...`: train, evaluate once, write metrics.json; in order, in one process, whatever was interrupted before."""

import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from io import StringIO

from vit.atomic import write_text
from vit.errors import UserError
from vit.plan import files, make_plan
from vit.plan.folders import FORMAT, check_config, locked, read_metrics, results, runs_folder
from vit.progress import Progress


def run_all(scale, ids, goals):
    """The runs of one rule of the grid. A run that fails does not stop those that do not need it."""
    plan = make_plan(scale)
    files.check_keys(ids, list(plan.runs), f"scale {scale}: run")
    jobs = concurrent_processes()
    with slot(scale, jobs) as position:
        share_machine(jobs, position)
        hush()
        progress = Progress(plan, [name for name in goals if name in plan.experiments], jobs)
        failed = []
        for name in ids:
            needed = [need for need in plan.runs[name].needs if need in failed]
            if needed:
                failed.append(name)
                progress.line(f"not run: {name} needs {needed[0]}, which failed")
            elif not run_one(plan.runs[name], runs_folder(scale) / name, progress, position):
                failed.append(name)
    if failed:
        raise UserError(
            f"{len(failed)} of {len(ids)} runs failed; what is finished stays, and the same command tries the others again"
        )


def run_one(run, folder, progress, position):
    """True if the run is finished, now or before."""
    if read_metrics(folder):
        return True
    with locked(
        folder / ".lock", f"{files.name_of(folder)} is being trained by another process; wait for it or stop it"
    ):
        if read_metrics(folder):  # another process was faster
            return True
        try:
            check_config(folder)
            progress.start(run)
            train_and_measure(run, folder, progress, position)
        except KeyboardInterrupt:
            raise
        except Exception as error:
            (folder / "error.log").write_text(traceback.format_exc())
            where = "" if isinstance(error, UserError) else f" (details: {files.name_of(folder / 'error.log')})"
            progress.line(f"failed: {run.id}: {reason(error)}{where}")
            if os.environ.get("VIT_DEBUG"):
                traceback.print_exc()
            return False
        progress.finish(run)
    return True


def reason(error):
    """One line of an error; where jsonargparse lists several, the first of them says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    listed = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    return (listed or lines)[0]


def train_and_measure(run, folder, progress, position):
    """Fit (from the last checkpoint if there is one), evaluate, save weights, write metrics.json last."""
    import torch

    from vit.callbacks import Bar, Speed
    from vit.cli import PaperCLI
    from vit.cost import forward_cost
    from vit.run_folder import checkpoints, fit
    from vit.weights import save

    started = time.perf_counter()
    with redirect_stdout(StringIO()), hidden_arguments():
        cli = PaperCLI(
            args=run.config, run=False, folder=folder, save_config_callback=None, parser_kwargs={"exit_on_error": False},
            callbacks=[checkpoints(folder), Speed(), Bar(progress.title(run), position)],
        )  # fmt: skip
    resumed = fit(cli.trainer, cli.model, cli.datamodule, folder)
    measured = evaluate(cli)
    if run.keeps_weights:
        save(cli.model, folder)
    seconds = time.perf_counter() - started
    logged = {name: float(value) for name, value in cli.trainer.logged_metrics.items()}
    record = {
        "format": FORMAT,
        "id": run.id,
        "metrics": {**logged, **measured},
        "lr": cli.model.hparams.lr,
        "images": run.images,
        "seconds": round(seconds, 3),
        "resumed": resumed,
        "flops": 3 * forward_cost(run.model, run.options, run.image_size)["flops"] * run.images,
        "device": device_name(torch),
        "threads": torch.get_num_threads(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **provenance(),
    }
    write_text(folder / "metrics.json", json.dumps(record, indent=1) + "\n")
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


@contextmanager
def hidden_arguments():
    """LightningCLI warns about a command line beside a config in Python; ours has been read already."""
    words, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = words


def hush():
    """Lightning's notes on every Trainer, 200 times over, would drown the one line a run."""
    import lightning  # noqa: F401 (sets its loggers' levels when it is imported)

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec.*")


def evaluate(cli):
    """Held-out images where the run keeps some apart, else the test split, once."""
    if cli.datamodule.train_on == "train":
        cli.trainer.limit_val_batches = 1.0
        return dict(cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0])
    return dict(cli.trainer.test(cli.model, cli.datamodule, verbose=False)[0])


def concurrent_processes():
    """The N of make -jN; a bare -j lets make start any number, so one core each."""
    found = re.search(r"(?:^|\s)(?:-j|--jobs=?)\s*(\d*)", os.environ.get("MAKEFLAGS", ""))
    if not found:
        return 1
    return int(found.group(1) or os.cpu_count())


@contextmanager
def slot(scale, jobs):
    """One of `jobs` places at the machine, held by a lock: the process's share of cores or GPUs, and its line on the terminal."""
    with ExitStack() as held:
        for position in range(jobs):
            try:
                held.enter_context(locked(results(scale) / ".slots" / str(position), "busy"))
                break
            except UserError:
                continue
        else:
            raise UserError(
                f"{files.name_of(results(scale))}: {jobs} processes train here already (another make?); wait for it or stop it"
            )
        yield position


def share_machine(jobs, position):
    """Divide cores, and GPUs where there are any, between the processes: two that use all of them spin against each other."""
    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    gpus = torch.cuda.device_count()
    if jobs > 1 and gpus and "CUDA_VISIBLE_DEVICES" not in os.environ and "SLURM_JOB_ID" not in os.environ:
        mine = range(gpus)[position % gpus :: jobs] or [position % gpus]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, mine))


def device_name(torch):
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return cpu_name()


@lru_cache
def cpu_name():
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@lru_cache
def provenance():
    """Commit (with + where the tree had changes) and versions."""

    def git(*words):
        answer = subprocess.run(["git", "-C", files.ROOT, *words], capture_output=True, text=True)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    dirty = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    packages = {name: version(name) for name in ("torch", "lightning", "torchvision")}
    return {
        "commit": git("rev-parse", "--short", "HEAD") + dirty,
        "versions": {"python": platform.python_version(), **packages},
    }
