"""What every task that trains shares: random numbers that a resumed run draws as an unbroken one would."""

import torch
from lightning import LightningModule


class Seeded(LightningModule):
    """Dropout is a function of (seed, update, micro-batch, rank)."""

    def on_fit_start(self):
        self.seed = torch.initial_seed()  # seed_everything's, before anything drew from it in this process

    def on_train_batch_start(self, batch, batch_idx):
        self.part = batch_idx % self.trainer.accumulate_grad_batches  # which of the update's micro-batches this one is
        place = ((self.seed * 1_000_003 + self.global_step) * 1_009 + self.part) * 1_013 + self.global_rank
        torch.manual_seed(place % 2**63)
