"""A run keeps everything in its folder: curves, events, one checkpoint while it trains, weights when it is done."""

from datetime import timedelta

import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from vit.curves import Events, Table
from vit.errors import UserError
from vit.plan.files import name_of

CHECKPOINT_EVERY = timedelta(seconds=60)  # what a kill can cost


def trainer_settings(folder, steps):
    """Trainer arguments of a run in its folder; files without version_N, so that a resumed run goes on in the same ones."""
    return {
        "default_root_dir": str(folder),
        "logger": [Table(folder), Events(folder)],
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "log_every_n_steps": min(50, max(1, steps // 40)),  # a short run has a curve too
        "use_distributed_sampler": False,  # the data modules share out each global batch themselves
        "num_sanity_val_steps": 0,
        "limit_val_batches": 0.0,  # held-out images are for the end of a run, not for its course
    }


def checkpoints(folder):
    """One file, replaced as a whole."""
    return ModelCheckpoint(
        folder / "checkpoints", filename="last", train_time_interval=CHECKPOINT_EVERY, enable_version_counter=False
    )  # fmt: skip


def fit(trainer, model, datamodule, folder):
    """Train from the beginning or from the checkpoint, to the last step. Returns whether it went on from a checkpoint."""
    if trainer.max_steps == 0:  # few-shot evaluation: there is nothing to train
        return False
    last = folder / "checkpoints" / "last.ckpt"
    if not last.exists():
        trainer.fit(model, datamodule)
        return False
    step = saved_step(last)
    for logger in trainer.loggers:
        logger.go_on_from(step)
    trainer.fit(model, datamodule, ckpt_path=last, weights_only=False)
    return True


def saved_step(checkpoint):
    """How many updates a checkpoint has behind it."""
    try:
        return torch.load(checkpoint, map_location="meta", weights_only=False)["global_step"]
    except Exception:  # whatever unpickling makes of foreign bytes
        raise UserError(f"{name_of(checkpoint)}: damaged; remove it to train this run from its start") from None
