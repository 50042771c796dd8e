"""A run keeps everything in its folder: curves, events, two checkpoints while it trains, weights when it is done."""

import torch

from vit.atomic import remove_parts
from vit.run.checkpoints import WholeFiles, refuse_strays, start_of
from vit.run.launcher import environment
from vit.run.loggers import Events, Table
from vit.run.micro_batch import pieces_for
from vit.run.processes import devices, leads


def trainer_settings(folder, steps):
    """Trainer arguments of a run in its folder; files without version_N, so that a resumed run goes on in the same ones."""
    return {
        "default_root_dir": str(folder),
        "logger": [Table(folder), Events(folder)],
        "plugins": [WholeFiles(), environment()],
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "log_every_n_steps": min(50, max(1, steps // 40)),  # a short run has a curve too
        "use_distributed_sampler": False,  # the data modules share out each global batch themselves
        "num_sanity_val_steps": 0,
        "limit_val_batches": 0.0,  # held-out images are for the end of a run, not for its course
        **devices(torch.cuda.device_count()),
    }


def fit(trainer, model, datamodule, folder, tell, least=1):
    """Train from the beginning or from the newest sound checkpoint, to the last step. Returns whether it went on from one.

    tell: hears in one line what people should know. least: micro-batches that an update takes at least, where fewer
    did not fit into memory.
    """
    refuse_strays(folder)
    if leads():
        remove_parts(folder)
    if trainer.max_steps == 0:  # few-shot evaluation: there is nothing to train
        for logger in trainer.loggers:
            logger.go_on_from(0)
        return False
    tell_test_part(datamodule, tell)
    path, step, pieces = start_of(folder, tell) or (None, 0, None)
    trainer.accumulate_grad_batches = pieces_for(trainer, model, datamodule, saved=pieces, least=least, tell=tell)
    for logger in trainer.loggers:
        logger.go_on_from(step)
    trainer.fit(model, datamodule, ckpt_path=path, weights_only=False if path else None)
    return path is not None


def tell_test_part(datamodule, tell):
    """Before training: an error if the test part that the training ends with cannot be evaluated; no image is opened."""
    look = getattr(datamodule, "check_test_part", None)  # data modules from elsewhere have none
    if look and (missing := look()) and leads():
        tell(missing)
