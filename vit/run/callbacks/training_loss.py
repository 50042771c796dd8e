"""The loss of the global batch: logged, and checked, because nothing after a NaN or infinite loss is worth keeping."""

import math
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.run.checkpoints import checkpoint_before


class Diverged(UserError):
    """The training loss was NaN or infinite in update `step`."""

    def __init__(self, step: int, lr: float, loss: float, checkpoint: str | None):
        super().__init__(
            f"loss is {loss} at step {step} with learning rate {lr:g}: training stops; last checkpoint before it: {checkpoint or 'none'}"
        )
        self.step = step


class TrainingLoss(Callback):
    """Logs train_loss, the mean over the images of an update on all devices and in all micro-batches; raises Diverged.

    Every update is checked: at once with one CPU process; otherwise, where reading the loss would wait for the GPU or the
    other devices, at the next logged update and before any checkpoint.
    """

    def __init__(self):
        self.micro_batch_losses, self.unchecked = [], []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if not self.micro_batch_losses:
            self.lr = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        # Lightning has divided each loss by the number of micro-batches, so that their sum is the mean
        self.micro_batch_losses.append(outputs["loss"].detach())
        if len(self.micro_batch_losses) < trainer.accumulate_grad_batches:
            return
        self.unchecked.append((trainer.global_step - 1, self.lr, torch.stack(self.micro_batch_losses).sum()))
        self.micro_batch_losses = []
        if trainer.global_step % trainer.log_every_n_steps == 0:
            module.log("train_loss", self.check(trainer))
        elif trainer.world_size == 1 and module.device.type == "cpu":
            self.check(trainer)

    def on_save_checkpoint(self, trainer, module, checkpoint):
        self.check(trainer)

    def on_train_end(self, trainer, module):
        self.check(trainer)

    def check(self, trainer) -> float | None:
        """The loss of the latest update, None if all are checked; Diverged at the first that is not finite."""
        if not self.unchecked:
            return None
        steps, rates, losses = zip(*self.unchecked, strict=True)
        self.unchecked = []
        means = trainer.strategy.reduce(torch.stack(losses), reduce_op="mean").tolist()
        for step, lr, loss in zip(steps, rates, means, strict=True):
            if not math.isfinite(loss):
                raise Diverged(step, lr, loss, checkpoint_before(Path(trainer.default_root_dir), step))
        return means[-1]
