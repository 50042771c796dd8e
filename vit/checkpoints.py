"""Checkpoints: the last two, each written whole; a run goes on from the newest that is sound."""

import os
import time
import zipfile

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from vit.atomic import whole_file
from vit.errors import UserError
from vit.plan.files import name_of

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"
SECONDS = 60.0  # what a kill can cost; VIT_CHECKPOINT_SECONDS changes it


class WholeFiles(TorchCheckpointIO):
    """Written under a temporary name, flushed, renamed; what had the name becomes the previous checkpoint."""

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        with whole_file(path) as temporary:
            torch.save(checkpoint, temporary)
            if os.path.exists(path):
                os.replace(path, os.path.join(os.path.dirname(path), PREVIOUS))


class Checkpoints(Checkpoint):
    """Saves between two updates, once the time is up: every gradient is used, every loss checked, every curve written.

    Lightning's own saves inside an update, before its loss is in the curves, and counts batches in other ways after that.
    """

    def __init__(self, folder):
        self.file = folder / "checkpoints" / LAST
        self.seconds = float(os.environ.get("VIT_CHECKPOINT_SECONDS", SECONDS))

    def on_train_start(self, trainer, module):
        self.since, self.step = time.monotonic(), trainer.global_step

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if batch_idx % trainer.accumulate_grad_batches or trainer.global_step == self.step:
            return
        if self.is_due(trainer):
            trainer.save_checkpoint(self.file)
            self.since, self.step = time.monotonic(), trainer.global_step

    def is_due(self, trainer):
        """The same answer on every device: the first one's clock, asked now and then, because asking makes all of them wait."""
        due = time.monotonic() - self.since >= self.seconds
        if trainer.world_size == 1:
            return due
        return trainer.global_step % trainer.log_every_n_steps == 0 and trainer.strategy.broadcast(due)

    def on_save_checkpoint(self, trainer, module, checkpoint):
        checkpoint["pieces"] = trainer.accumulate_grad_batches

    def on_load_checkpoint(self, trainer, module, checkpoint):
        """Lightning counts micro-batches; after `step` updates there were `step` times as many as an update takes now."""
        step, loop = checkpoint["global_step"], checkpoint["loops"]["fit_loop"]
        done = dict.fromkeys(("ready", "started", "processed", "completed"), step * trainer.accumulate_grad_batches)
        loop["epoch_loop.batch_progress"].update(total=dict(done), current=dict(done))
        loop["epoch_loop.state_dict"]["_batches_that_stepped"] = step


def start_of(folder, tell):
    """(path, step, pieces) of the newest sound checkpoint in a run's folder, or None; `tell` hears of damaged ones."""
    there = [path for name in (LAST, PREVIOUS) if (path := folder / "checkpoints" / name).exists()]
    sound = next((path for path in there if not is_damaged(path)), None)
    if sound is None:
        if there:
            tell(f"{name_of(there[0])}: damaged, and no other is left; training starts again from step 0")
        return None
    content = contents(sound)
    if sound is not there[0]:
        tell(f"{name_of(there[0])}: damaged; going on from {sound.name}, step {content['global_step']}")
    return sound, content["global_step"], content["pieces"]


def is_damaged(path):
    """Is it anything but a whole archive? Every byte is read: the checksums tell."""
    with open(path, "rb") as file:
        try:
            return zipfile.ZipFile(file).testzip() is not None
        except Exception:  # whatever zipfile makes of foreign bytes
            return True


def contents(path):
    """A sound checkpoint without its tensors."""
    try:
        content = torch.load(path, map_location="meta", weights_only=False)
        return {key: content[key] for key in ("global_step", "pieces")}
    except Exception as error:
        told = f"no checkpoint that this version reads ({type(error).__name__})"
        raise UserError(f"{name_of(path)}: {told}; remove it to train this run from its start") from None


def sound_before(folder, step):
    """'last.ckpt (step 120)': the newest checkpoint whose weights came to a finite loss, or None."""
    for name in (LAST, PREVIOUS):
        path = folder / "checkpoints" / name
        if path.exists() and not is_damaged(path) and (saved := contents(path)["global_step"]) < step:
            return f"{name_of(path)} (step {saved})"
    return None
