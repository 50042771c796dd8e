"""What pre-training and fine-tuning share: a loss on images with one label each, clipping, and accuracy."""

import math

import torch
import torch.nn.functional as F
from lightning import LightningModule
from torchmetrics.classification import MulticlassAccuracy

from vit.errors import UserError
from vit.losses import LOSSES, targets
from vit.models import create_model
from vit.optim import clip_by_global_norm


class Classify(LightningModule):
    """Training, validation and test steps of a classifier; a subclass brings an optimizer."""

    def __init__(self, made_with, *, loss, label_smoothing, clip_rule):
        """made_with: the arguments of create_model; clip_rule: how the Trainer's gradient_clip_val is meant (vit/optim)."""
        super().__init__()
        num_classes = made_with["num_classes"]
        self.model = create_model(**made_with)
        self.loss, self.label_smoothing, self.clip_rule = loss, label_smoothing, clip_rule
        self.accuracy = torch.nn.ModuleDict(
            {
                split: MulticlassAccuracy(num_classes, average="micro", validate_args=False)
                for split in ("held_out", "test")
            }
        )

    def forward(self, images):
        """(B, 3, H, W) in [-1, 1] -> logits (B, C)."""
        return self.model(images)

    def on_fit_start(self):
        self.seed = torch.initial_seed()  # seed_everything's, before anything drew from it in this process

    def on_train_batch_start(self, batch, batch_idx):
        """Dropout is a function of (seed, update, micro-batch, rank), so a resumed run draws what an unbroken one would."""
        self.part = batch_idx % self.trainer.accumulate_grad_batches
        place = ((self.seed * 1_000_003 + self.global_step) * 1_009 + self.part) * 1_013 + self.global_rank
        torch.manual_seed(place % 2**63)

    def training_step(self, batch, batch_idx):
        images, labels = batch
        logits, loss = self.logits_and_loss(images, labels)
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:
            self._log_step(loss.detach(), logits.detach(), labels)
        return loss

    def logits_and_loss(self, images, labels):
        """Logits (B, C) and the loss of a micro-batch."""
        logits = self.model(images)
        return logits, self.loss_of(logits, labels)

    def loss_of(self, logits, labels):
        if self.label_smoothing:
            labels = targets(labels, logits.shape[1], self.label_smoothing, logits.dtype)
        return LOSSES[self.loss](logits, labels)

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        """Once an update, on gradients that are summed over micro-batches, averaged over devices and unscaled."""
        if gradient_clip_val is not None:
            clip_by_global_norm(self.model.parameters(), gradient_clip_val, self.clip_rule)

    def _log_step(self, loss, logits, labels):
        value = float(loss)
        if not math.isfinite(value):
            raise UserError(
                f"loss is {value} at step {self.global_step}: training stops (learning rate {self._rate():g})"
            )
        accuracy = (logits.argmax(1) == labels).float().mean()
        self.log_dict({"train_loss": value, "train_accuracy": accuracy, "learning_rate": self._rate()}, prog_bar=False)

    def _rate(self):
        return self.trainer.optimizers[0].param_groups[0]["lr"]

    def validation_step(self, batch, batch_idx):
        self._evaluate(batch, "held_out")

    def test_step(self, batch, batch_idx):
        self._evaluate(batch, "test")

    def _evaluate(self, batch, split):
        images, labels = batch
        logits = self.model(images)
        self.accuracy[split].update(logits, labels)
        self.log(f"{split}_accuracy", self.accuracy[split], on_step=False, on_epoch=True)
        self.log(f"{split}_loss", F.cross_entropy(logits, labels), on_step=False, on_epoch=True, batch_size=len(labels))
