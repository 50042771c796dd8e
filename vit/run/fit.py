"""Training in a run's folder, which holds curves, event files and, until the run is finished, two checkpoints."""

from collections.abc import Callable
from pathlib import Path

import torch
from lightning import LightningDataModule, LightningModule, Trainer

from vit.atomic import remove_temporary_files
from vit.run.checkpoints import AtomicCheckpointIO, refuse_requeued, resume_point
from vit.run.cluster_environment import cluster_environment
from vit.run.distributed import is_main_process, trainer_devices
from vit.run.loggers import MetricsCsv, TensorBoardEvents
from vit.run.micro_batch import micro_batches_for
from vit.run.recompute import is_asked_for, recompute
from vit.run.sharded import Sharded, refuse_watchers, strategy


def trainer_settings(folder: Path, steps: int) -> dict:
    """Trainer arguments of a run in its folder."""
    gpus = torch.cuda.device_count()
    devices = trainer_devices(gpus)
    divided = strategy(devices, gpus) if steps else "auto"  # only a training is
    return {
        "default_root_dir": str(folder),
        "logger": [
            MetricsCsv(folder),
            TensorBoardEvents(folder),
        ],  # without version_N: a resumed run continues the files
        "plugins": [AtomicCheckpointIO(), cluster_environment()],
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "log_every_n_steps": min(50, max(1, steps // 40)),  # a short run has a curve too
        "use_distributed_sampler": False,  # the data modules divide each global batch among the devices themselves
        "num_sanity_val_steps": 0,
        "limit_val_batches": 0.0,  # held-out images are evaluated once, after the training
        "strategy": divided,
        "inference_mode": divided == "auto",  # its tensors have no versions, which gathered parameters need
        **devices,
    }


def fit(
    trainer: Trainer,
    model: LightningModule,
    datamodule: LightningDataModule,
    folder: Path,
    log: Callable[[str], None],
    minimum: int = 1,
) -> bool:
    """Train to the last step, from the newest undamaged checkpoint if there is one. Returns whether there was one.

    log: called with each line for the user. minimum: of micro-batches per update, since fewer did not fit into memory.
    """
    refuse_requeued(folder)
    if is_main_process():
        remove_temporary_files(folder)
    if trainer.max_steps == 0:  # few-shot evaluation trains nothing
        for logger in trainer.loggers:
            logger.resume_from(0)
        return False
    check_test_split(datamodule, log)
    path, step, saved = resume_point(folder, log) or (None, 0, None)
    trainer.accumulate_grad_batches = micro_batches_for(
        trainer, model, datamodule, saved=saved, minimum=minimum, log=log
    )
    if is_asked_for():
        recompute(model.model)
    if isinstance(trainer.strategy, Sharded):
        refuse_watchers(trainer)
    for logger in trainer.loggers:
        logger.resume_from(step)
    trainer.fit(model, datamodule, ckpt_path=path, weights_only=False if path else None)
    return path is not None


def check_test_split(datamodule: LightningDataModule, log: Callable[[str], None]) -> None:
    """Before training: an error if the test split of its end cannot be evaluated; no image is opened."""
    check = getattr(datamodule, "check_test_part", None)  # data modules of other projects have none
    if check and (missing := check()) and is_main_process():
        log(missing)
