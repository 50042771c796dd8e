"""Checkpoints: the last two, each written whole; a run goes on from the newest that is sound, and from no other file."""

import os
import time
import zipfile
from pathlib import Path

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from vit.atomic import whole_file
from vit.errors import UserError
from vit.paths import name_of
from vit.run.endings import Interrupted, signals

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"
SECONDS = 60.0  # what a kill can cost; VIT_CHECKPOINT_SECONDS changes it
BETWEEN = 2.0  # seconds between two times that devices ask each other whether to save or to end
REQUEUED = "hpc_ckpt_*"  # what Lightning writes for a requeued Slurm job, and loads wherever nobody names a checkpoint


class NamedOnly(TorchCheckpointIO):
    """Loads what somebody asked for, and nothing that Lightning comes upon by itself."""

    def load_checkpoint(self, path, *args, **kwargs):
        if Path(path).match(REQUEUED):
            raise stray(Path(path))
        return super().load_checkpoint(path, *args, **kwargs)


class WholeFiles(NamedOnly):
    """Written under a temporary name, flushed, renamed; what had the name becomes the previous checkpoint."""

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        with whole_file(path) as temporary:
            torch.save(checkpoint, temporary)
            if os.path.exists(path):
                os.replace(path, os.path.join(os.path.dirname(path), PREVIOUS))


def stray(path):
    """The error of a checkpoint that nobody named."""
    told = "written for a requeued Slurm job, not by this project, and no weights are taken from it"
    return UserError(f"{name_of(path)}: {told}; remove it and give the same command again")


def refuse_strays(folder):
    """UserError if Lightning would load something there of its own accord."""
    if found := next(folder.glob(REQUEUED), None):
        raise stray(found)


class Checkpoints(Checkpoint):
    """Saves between two updates, once the time is up or a signal asks: every gradient is used, every loss checked, every curve written.

    Lightning's own saves inside an update, before its loss is in the curves, and counts batches in other ways after that.
    A signal that ends the work (vit.run.endings) is heeded here, when its checkpoint is written.
    """

    def __init__(self, folder):
        self.file = folder / "checkpoints" / LAST
        self.seconds = float(os.environ.get("VIT_CHECKPOINT_SECONDS", SECONDS))

    def on_train_start(self, trainer, module):
        self.since, self.step = time.monotonic(), trainer.global_step
        self.asked, self.next = (self.since, self.step), self.step
        signals.training = True
        signals.handle()

    def on_validation_start(self, trainer, module):
        if not trainer.training:
            signals.handle()

    on_test_start = on_validation_start

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if batch_idx % trainer.accumulate_grad_batches == 0:
            self.heed(trainer)

    def on_train_end(self, trainer, module):
        signals.training = False
        if trainer.world_size > 1 or signals.end is not None:
            self.next = trainer.global_step  # devices ask each other once more
            self.heed(trainer)

    def on_exception(self, trainer, module, exception):
        signals.training = False

    def heed(self, trainer):
        """Save if it is time to; Interrupted where a signal has asked for the end."""
        save, end = self.wanted(trainer)
        if (save or end) and trainer.global_step > self.step:
            trainer.save_checkpoint(self.file)
            self.since, self.step, signals.save = time.monotonic(), trainer.global_step, False
        if end:
            raise Interrupted(end, self.step or None)

    def wanted(self, trainer):
        """(save now?, the signal that ends or 0): the same on every device.

        Devices ask each other every two seconds or so, because asking makes all of them wait.
        """
        here = (self.is_due(trainer), signals.end or 0)
        if trainer.world_size == 1:
            return here
        if trainer.global_step < self.next:
            return False, 0
        (then, step), now = self.asked, time.monotonic()
        ahead = max(1, round((trainer.global_step - step) * BETWEEN / max(now - then, 1e-3)))
        device = trainer.strategy.root_device
        answer = trainer.strategy.reduce(
            torch.tensor([*map(int, here), ahead], device=device), reduce_op="max"
        ).tolist()
        self.asked, self.next = (now, trainer.global_step), trainer.global_step + int(answer[2])
        return bool(answer[0]), int(answer[1])

    def is_due(self, trainer):
        """Is a checkpoint wanted on this device: by the clock, or by a signal?"""
        return signals.save or time.monotonic() - self.since >= self.seconds

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
