"""The loss of the global batch: logged, and watched, because nothing that follows a loss of NaN is worth keeping."""

import math
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.run.checkpoints import sound_before


class Diverged(UserError):
    """Training came to a loss of NaN or infinity in update `step`."""

    def __init__(self, step, rate, loss, sound):
        good = f"the last good checkpoint is {sound}" if sound else "no checkpoint is older"
        super().__init__(f"loss is {loss} at step {step}: training stops (learning rate {rate:g}; {good})")
        self.step = step


class TrainingLoss(Callback):
    """Logs train_loss, the mean over the images of an update on all devices and in all micro-batches; stops at NaN.

    Every update is looked at: at once on one CPU; otherwise, where looking means waiting, together at the next logged
    update, and before anything is saved.
    """

    def __init__(self):
        self.pieces, self.updates = [], []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if not self.pieces:
            self.rate = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.pieces.append(outputs["loss"].detach())  # which Lightning has divided by the number of pieces
        if len(self.pieces) < trainer.accumulate_grad_batches:
            return
        self.updates.append((trainer.global_step - 1, self.rate, torch.stack(self.pieces).sum()))
        self.pieces = []
        if trainer.global_step % trainer.log_every_n_steps == 0:
            module.log("train_loss", self.check(trainer))
        elif trainer.world_size == 1 and module.device.type == "cpu":
            self.check(trainer)

    def on_save_checkpoint(self, trainer, module, checkpoint):
        self.check(trainer)

    def on_train_end(self, trainer, module):
        self.check(trainer)

    def check(self, trainer):
        """The mean loss of the latest update; Diverged at the first that is not finite."""
        if not self.updates:
            return None
        steps, rates, losses = zip(*self.updates, strict=True)
        self.updates = []
        means = trainer.strategy.reduce(torch.stack(losses), reduce_op="mean").tolist()
        for step, rate, loss in zip(steps, rates, means, strict=True):
            if not math.isfinite(loss):
                raise Diverged(step, rate, loss, sound_before(Path(trainer.default_root_dir), step))
        return means[-1]
