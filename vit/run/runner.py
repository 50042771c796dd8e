"""`python -m vit run ID ...`: train runs in order in one process, evaluate each once, write its metrics.json last."""

import gc
import logging
import os
import shutil
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from io import StringIO
from pathlib import Path

from vit import paths
from vit.errors import UserError, reason
from vit.locks import locked
from vit.paths import runs_folder
from vit.plan import make_plan
from vit.plan.graph import check_config, write_graph
from vit.plan.stored import plan_file, read_plan
from vit.plan.yaml_files import check_keys
from vit.record import Outcome, code, read_record, write_record
from vit.run.distributed import is_main_process
from vit.run.signals import exit_guard
from vit.run.slots import parallel_jobs, slot, use_share


def run_all(scale: str, ids: list[str], goals: list[str]) -> None:
    """The runs of one Make rule. If a run fails, the others are still trained, except those that need it.

    goals: what make was asked for; progress is counted in the runs of those experiments.
    """
    plan = planned(scale, ids)
    check_keys(ids, list(plan.runs), f"scale {scale}: run")
    jobs = parallel_jobs()
    with slot(scale, jobs) if is_main_process() else nullcontext(0) as position:
        use_share(jobs, position)
        silence_lightning()
        from vit.run.progress import Progress

        code()  # cached: records name the commit that this process has imported, even if the tree changes meanwhile
        progress = Progress(plan, [name for name in goals if name in plan.experiments], jobs, position)
        failed = []
        for name in ids:
            needed = [need for need in plan.runs[name].needs if need in failed]
            if needed:
                progress.line(f"not run: {name} needs {needed[0]}, which failed")
            if needed or not run_one(plan.runs[name], runs_folder(scale) / name, progress):
                failed.append(name)
    if failed:
        raise UserError(
            f"{len(failed)} of {len(ids)} runs failed; the finished ones are kept, and the same command retries the others"
        )


def planned(scale, ids):
    """The plan that make wrote; written now if it was not (a run by hand), or if it or a run's config was removed."""
    files = [plan_file(scale), *(runs_folder(scale) / name / "config.yaml" for name in ids)]
    if is_main_process() and not all(file.exists() for file in files):
        write_graph(make_plan(scale))
    return read_plan(scale)


def run_one(run, folder: Path, progress) -> bool:
    """Whether the run is finished, now or already before."""
    if read_record(folder):
        remove_temporary(folder)  # the process may have been killed after the record and before this
        return True
    if not is_main_process():
        return attempt(run, folder, progress)
    busy = f"{paths.name_of(folder)} is being trained by another process; wait for it or stop it"
    with locked(folder / ".lock", busy):
        return bool(read_record(folder)) or attempt(run, folder, progress)  # another process may have finished it


def attempt(run, folder: Path, progress) -> bool:
    """Whether the run was finished; if not, a line says why."""
    try:
        if is_main_process():
            check_config(folder)
        with exit_guard():
            train_and_record(run, folder, progress)
    except Exception as error:
        if is_distributed():  # exit, so that the launcher ends the other processes, which may be waiting for this one
            raise
        progress.line(f"failed: {run.id}: {reason(error)}{save_traceback(error, folder)}")
        return False
    return not is_main_process() or read_record(folder) is not None


def is_distributed():
    """Whether several processes train this run."""
    import torch

    return torch.distributed.is_available() and torch.distributed.is_initialized()


def save_traceback(error: Exception, folder: Path) -> str:
    """Write error.log for an error other than UserError; returns a hint at it. VIT_DEBUG=1 prints any traceback too."""
    if os.environ.get("VIT_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, UserError):
        return ""
    with suppress(OSError):  # the error may be a full disk
        text = "".join(traceback.format_exception(error))
        (folder / "error.log").write_text(text, errors="backslashreplace")  # file names may be any bytes
    return f" (traceback: {paths.name_of(folder / 'error.log')})"


def train_and_record(run, folder: Path, progress) -> None:
    """Train (from the newest checkpoint if there is one), evaluate, save weights and arrays, write metrics.json."""
    import torch

    from vit.arrays import write_arrays
    from vit.run.costs import training_flops
    from vit.weights import save

    start = time.perf_counter()
    task, outcome = train_and_evaluate(run, folder, progress.start(run), progress.line)
    if not is_main_process():
        return
    if run.keeps_weights:
        images = task.trainer.datamodule
        save(task, folder, images.image_format(), images.class_names)
    arrays = write_arrays(folder, getattr(task, "arrays", {}))
    seconds, threads = time.perf_counter() - start, torch.get_num_threads()
    write_record(run, folder, outcome, seconds=seconds, flops=training_flops(run), threads=threads, arrays=arrays)
    remove_temporary(folder)
    progress.finish(run, outcome.metrics, seconds)


def remove_temporary(folder: Path) -> None:
    """Delete what only an unfinished run needs."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "error.log").unlink(missing_ok=True)


def train_and_evaluate(run, folder: Path, bar, log: Callable[[str], None]):
    """(the trained task, its Outcome); (None, Outcome) if a run of a learning-rate sweep diverged."""
    from vit.run.callbacks.training_loss import Diverged
    from vit.run.micro_batch import images_per_device
    from vit.run.sharded import make_whole

    try:
        cli, resumed = train(run, folder, bar, log)
    except Diverged as error:
        if run.keeps_weights:
            raise
        log(f"{run.id}: {reason(error)}")  # a result: the sweep continues without this learning rate
        metrics, lr = {"held_out_accuracy": 0.0, "diverged_at_step": error.step}, run.config["model"]["init_args"]["lr"]
        return None, Outcome(metrics, lr, resumed=False, micro_batch=None)
    micro_batch = cli.datamodule.batch_size  # of an evaluation
    if cli.trainer.max_steps:
        micro_batch = images_per_device(micro_batch, cli.trainer.world_size) // cli.trainer.accumulate_grad_batches
    outcome = Outcome(
        metrics=evaluate(cli),
        lr=cli.model.hparams.get("lr", 0.0),
        resumed=resumed,
        micro_batch=micro_batch,
        skipped_images=cli.datamodule.skipped_images(),
    )
    make_whole(cli.model, cli.trainer)
    for logger in cli.trainer.loggers:
        logger.close()
    return cli.model, outcome


def train(run, folder: Path, bar, log: Callable[[str], None]):
    """(PaperCLI with the trained task, whether it resumed); retries with smaller micro-batches when memory runs out."""
    import torch

    from vit.run.fit import fit
    from vit.run.micro_batch import after_out_of_memory, is_out_of_memory

    minimum = 1
    while True:
        cli = build(run, folder, bar, log)
        refuse_another_precision(run, cli.trainer)
        try:
            return cli, fit(cli.trainer, cli.model, cli.datamodule, folder, log, minimum)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            minimum, message = after_out_of_memory(cli.trainer, cli.datamodule)
        log(message)
        del cli  # frees its tensors; after the except clause, whose traceback refers to them too
        gc.collect()
        torch.cuda.empty_cache()


def refuse_another_precision(run, trainer) -> None:
    """UserError where Lightning has replaced the precision of the config, as it does with 16-mixed on a CPU."""
    asked = run.config["trainer"].get("precision")
    if asked and trainer.precision != asked:
        raise UserError(
            f"precision {asked} is not possible on this device, Lightning takes {trainer.precision}; choose that one by name"
        )


def build(run, folder: Path, bar, log: Callable[[str], None]):
    """PaperCLI with trainer, task and data module of a run."""
    from vit.run.callbacks.monitoring import Throughput, TrainingSetSize
    from vit.run.checkpoints import Checkpoints
    from vit.run.cli import PaperCLI

    settings = {"save_config_callback": None, "parser_kwargs": {"exit_on_error": False}}
    callbacks = [Checkpoints(folder), Throughput(), bar]
    if run.set_images:
        callbacks.append(TrainingSetSize(run.set_images, log))
    with redirect_stdout(StringIO()), hidden_arguments():
        return PaperCLI(args=run.config, run=False, folder=folder, callbacks=callbacks, **settings)


def evaluate(cli) -> dict[str, float]:
    """Metrics on the held-out images if the run has any, else on the test split, once."""
    if cli.datamodule.train_on == "train":
        cli.trainer.limit_val_batches = 1.0
        return dict(cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0])
    return dict(cli.trainer.test(cli.model, cli.datamodule, verbose=False)[0])


@contextmanager
def hidden_arguments():
    """An empty sys.argv: LightningCLI warns if there are arguments beside those from Python."""
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments


def ignore_full_disk(arguments):
    """threading.excepthook: TensorBoard's writer thread meets a full disk too, which the run's own error reports."""
    if not issubclass(arguments.exc_type, OSError):
        threading.__excepthook__(arguments)


def silence_lightning():
    """Lightning's notes about every Trainer would bury the line per run."""
    import lightning  # noqa: F401 (sets the levels of its loggers when it is imported)

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec.*")  # torch deprecates a class that Lightning uses
    threading.excepthook = ignore_full_disk
