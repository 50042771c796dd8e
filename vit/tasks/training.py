"""What every task that trains shares: random numbers that a resumed run draws as an unbroken one would, and clipping."""

import torch
from lightning import LightningModule

from vit.optim import clip_by_global_norm


class Training(LightningModule):
    """Dropout is a function of (seed, update, micro-batch, rank). A subclass sets clip_rule (vit.optim.clipping)."""

    def on_fit_start(self):
        self.seed = torch.initial_seed()  # seed_everything's, before anything drew from it in this process

    def on_train_batch_start(self, batch, batch_idx):
        self.part = batch_idx % self.trainer.accumulate_grad_batches  # which of the update's micro-batches this one is
        place = ((self.seed * 1_000_003 + self.global_step) * 1_009 + self.part) * 1_013 + self.global_rank
        torch.manual_seed(place % 2**63)

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        """Once an update, on gradients that are summed over micro-batches, averaged over devices and unscaled."""
        if gradient_clip_val is not None:
            clip_by_global_norm(self.parameters(), gradient_clip_val, self.clip_rule)

    def rate(self):
        return self.trainer.optimizers[0].param_groups[0]["lr"]
