"""`python -m vit run ID ...`: train, evaluate once, write metrics.json; in order, in one process, whatever was interrupted before."""

import gc
import logging
import os
import shutil
import sys
import threading
import time
import traceback
import warnings
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from io import StringIO

from vit import paths
from vit.errors import UserError, reason
from vit.locks import locked
from vit.paths import runs_folder
from vit.plan import make_plan
from vit.plan.graph import check_config, write_graph
from vit.plan.stored import read_plan
from vit.plan.yaml_files import check_keys
from vit.record import read_record
from vit.run.endings import to_its_end
from vit.run.machine import concurrent_processes, share, slot
from vit.run.processes import leads


def run_all(scale, ids, goals):
    """The runs of one rule of the grid. A run that fails does not stop those that do not need it."""
    plan = planned(scale, ids)
    check_keys(ids, list(plan.runs), f"scale {scale}: run")
    jobs = concurrent_processes()
    with slot(scale, jobs) if leads() else nullcontext(0) as position:
        share(jobs, position)
        hush()
        from vit.record import code
        from vit.run.progress import Progress

        code()  # the commit of now, which the records name: the tree may change while runs train
        progress = Progress(plan, [name for name in goals if name in plan.experiments], jobs, position)
        failed = []
        for name in ids:
            needed = [need for need in plan.runs[name].needs if need in failed]
            if needed:
                progress.line(f"not run: {name} needs {needed[0]}, which failed")
            if needed or not run_one(plan.runs[name], runs_folder(scale) / name, progress):
                failed.append(name)
    if failed:
        again = "what is finished stays, and the same command tries the others again"
        raise UserError(f"{len(failed)} of {len(ids)} runs failed; {again}")


def planned(scale, ids):
    """The plan that make wrote; written here where it did not (a run by hand), or where a run's config was removed."""
    if leads() and not all((runs_folder(scale) / name / "config.yaml").exists() for name in ids):
        write_graph(make_plan(scale))
    return read_plan(scale)


def run_one(run, folder, progress):
    """True if the run is finished, now or before."""
    if read_record(folder):
        clear(folder)  # a kill may have come between the record and this
        return True
    if not leads():
        return attempt(run, folder, progress)
    busy = f"{paths.name_of(folder)} is being trained by another process; wait for it or stop it"
    with locked(folder / ".lock", busy):
        return bool(read_record(folder)) or attempt(run, folder, progress)  # another process may have been faster


def attempt(run, folder, progress):
    """True if the run came to its end."""
    try:
        if leads():
            check_config(folder)
        with to_its_end():
            train_and_measure(run, folder, progress)
    except Exception as error:
        if trained_together():  # the others may be waiting for this one, which goes, and the launcher ends them
            raise
        progress.line(f"failed: {run.id}: {reason(error)}{details(error, folder)}")
        return False
    return not leads() or read_record(folder) is not None


def trained_together():
    """Do several processes train this run?"""
    import torch

    return torch.distributed.is_available() and torch.distributed.is_initialized()


def details(error, folder):
    """Where the traceback of an error that is no UserError lies; on the screen too with VIT_DEBUG=1."""
    if os.environ.get("VIT_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, UserError):
        return ""
    with suppress(OSError):  # the disk may be what is full
        text = "".join(traceback.format_exception(error))
        (folder / "error.log").write_text(text, errors="backslashreplace")  # names of files may be any bytes
    return f" (details: {paths.name_of(folder / 'error.log')})"


def train_and_measure(run, folder, progress):
    """Fit (from the newest checkpoint if there is one), evaluate, save weights, write metrics.json last."""
    import torch

    from vit.record import write_record
    from vit.run.costs import training_flops
    from vit.weights import save

    started = time.perf_counter()
    task, measured = train_and_evaluate(run, folder, progress.start(run), progress.line)
    if not leads():
        return
    if run.keeps_weights:
        save(task, folder, task.trainer.datamodule.image_format())
    seconds, flops = time.perf_counter() - started, training_flops(run)
    write_record(run, folder, **measured, seconds=seconds, flops=flops, threads=torch.get_num_threads())
    clear(folder)
    progress.finish(run, measured["metrics"], seconds)


def clear(folder):
    """What only an unfinished run needs."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "error.log").unlink(missing_ok=True)


def train_and_evaluate(run, folder, bar, tell):
    """The trained task, and of the run's record what training decides."""
    from vit.run.callbacks.training_loss import Diverged
    from vit.run.micro_batch import share_of

    try:
        cli, resumed = fitted(run, folder, bar, tell)
    except Diverged as error:
        if run.keeps_weights:
            raise
        tell(f"{run.id}: {reason(error)}")  # a finding: the sweep goes on without this learning rate
        metrics, lr = {"held_out_accuracy": 0.0, "diverged_at_step": error.step}, run.config["model"]["init_args"]["lr"]
        return None, {"metrics": metrics, "lr": lr, "resumed": False, "micro_batch": None}
    share = share_of(cli.datamodule.batch_size, cli.trainer.world_size)
    measured = {"metrics": evaluate(cli), "lr": cli.model.hparams.get("lr", 0.0), "resumed": resumed}
    for logger in cli.trainer.loggers:
        logger.close()
    measured["micro_batch"] = share // cli.trainer.accumulate_grad_batches
    return cli.model, measured | {"skipped_images": cli.datamodule.skipped_images()}


def fitted(run, folder, bar, tell):
    """(PaperCLI with the trained task, did it go on from a checkpoint?); in smaller micro-batches where memory runs out."""
    import torch

    from vit.run.fit import fit
    from vit.run.micro_batch import is_out_of_memory, next_try

    least = 1
    while True:
        cli = build(run, folder, bar, tell)
        try:
            return cli, fit(cli.trainer, cli.model, cli.datamodule, folder, tell, least)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            least, told = next_try(cli.trainer, cli.datamodule)
        tell(told)
        del cli  # its tensors fill the memory
        gc.collect()
        torch.cuda.empty_cache()


def build(run, folder, bar, tell):
    """Trainer, task and data of a run, joined."""
    from vit.run.callbacks.watch import SetSize, Speed
    from vit.run.checkpoints import Checkpoints
    from vit.run.cli import PaperCLI

    settings = {"save_config_callback": None, "parser_kwargs": {"exit_on_error": False}}
    callbacks = [Checkpoints(folder), Speed(), bar, *([SetSize(run.set_images, tell)] if run.set_images else [])]
    with redirect_stdout(StringIO()), hidden_arguments():
        return PaperCLI(args=run.config, run=False, folder=folder, callbacks=callbacks, **settings)


def evaluate(cli):
    """Held-out images where the run keeps some apart, else the test split, once."""
    if cli.datamodule.train_on == "train":
        cli.trainer.limit_val_batches = 1.0
        return dict(cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0])
    return dict(cli.trainer.test(cli.model, cli.datamodule, verbose=False)[0])


@contextmanager
def hidden_arguments():
    """LightningCLI warns about a command line beside arguments from Python; ours has been read already."""
    words, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = words


def without_full_disks(arguments):
    """TensorBoard writes in a thread of its own; what its OSError says, the run's own says too, in one line."""
    if not issubclass(arguments.exc_type, OSError):
        threading.__excepthook__(arguments)


def hush():
    """Lightning's notes on every Trainer, 200 times over, would drown the one line a run."""
    import lightning  # noqa: F401 (sets its loggers' levels when it is imported)

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    threading.excepthook = without_full_disks
    warnings.filterwarnings("ignore", message=".*isinstance.treespec.*")
