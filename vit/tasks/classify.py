"""What pre-training and fine-tuning share: softmax cross-entropy on images with one label each, and accuracy."""

import math

import torch
import torch.nn.functional as F
from torchmetrics.classification import MulticlassAccuracy

from vit.errors import UserError
from vit.models import create_model
from vit.tasks.seeded import Seeded


class Classify(Seeded):
    """Training, validation and test steps of a classifier; a subclass brings an optimizer."""

    def __init__(self, made_with, *, label_smoothing):
        """made_with: the arguments of create_model."""
        super().__init__()
        num_classes = made_with["num_classes"]
        self.model = create_model(**made_with)
        self.label_smoothing = label_smoothing
        self.accuracy = torch.nn.ModuleDict(
            {
                split: MulticlassAccuracy(num_classes, average="micro", validate_args=False)
                for split in ("held_out", "test")
            }
        )

    def forward(self, images):
        """(B, 3, H, W) in [-1, 1] -> logits (B, C)."""
        return self.model(images)

    def training_step(self, batch, batch_idx):
        images, labels = batch
        logits = self.model(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:
            self._log_step(loss.detach(), logits.detach(), labels)
        return loss

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
