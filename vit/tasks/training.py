"""What training tasks share: random numbers that do not depend on restarts, and gradient clipping."""

import torch
from lightning import LightningModule

from vit.optim import clip_by_global_norm


class Training(LightningModule):
    """Makes dropout a function of (seed, update, micro-batch, rank). A subclass sets `clip_rule` (vit.optim.clipping)."""

    def on_fit_start(self):
        self.seed = torch.initial_seed()  # that of seed_everything; on_train_batch_start changes it from here on
        self.clipped = list(
            self.parameters()
        )  # once: collecting them takes as long as clipping a small model's gradients

    def on_train_batch_start(self, batch, batch_idx):
        self.micro_batch = batch_idx % self.trainer.accumulate_grad_batches  # index within the update
        seed = ((self.seed * 1_000_003 + self.global_step) * 1_009 + self.micro_batch) * 1_013 + self.global_rank
        seed_device(seed % 2**63, self.device)  # the product may exceed the 64 bits that a seed has

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        # Lightning calls this once per update, when gradients are summed over micro-batches, averaged over devices and
        # unscaled
        if gradient_clip_val is not None:
            clip_by_global_norm(self.clipped, gradient_clip_val, self.clip_rule)

    def learning_rate(self) -> float:
        return self.trainer.optimizers[0].param_groups[0]["lr"]


def seed_device(seed: int, device: torch.device) -> None:
    """Seed the generators that a model on the device draws from, as torch.manual_seed does for all kinds of devices there are.

    That one takes a twentieth of a small model's update: for each kind that is not in use it formats the whole call stack.
    """
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)
