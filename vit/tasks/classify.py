"""What pre-training and fine-tuning share: mixed images, loss, accuracy and evaluation of a classifier.

B batch, C classes.
"""

from torch import Tensor

from vit.models.model import Model
from vit.objectives.accuracy import Evaluation
from vit.objectives.losses import LOSSES, targets
from vit.objectives.mixing import Mixing
from vit.objectives.mixup import PAIR, mixed_loss, partners
from vit.tasks.averaging import Averaging


class Classify(Averaging):
    """Training, validation and test steps of a classifier; a subclass configures the optimizer.

    mixup, cutmix: alphas of vit.objectives.mixing; 0 for none.
    multi_label: labels are int8 (B, C), of multi-label sets, not int64 (B,).
    """

    def __init__(
        self,
        model: Model,
        *,
        num_classes: int,
        loss: str,
        label_smoothing: float,
        clip_rule: str,
        mixup: float,
        cutmix: float,
        multi_label: bool = False,
    ):
        super().__init__()
        self.model, self.mixing = model, Mixing(mixup, cutmix)
        self.loss, self.label_smoothing, self.clip_rule = loss, label_smoothing, clip_rule
        self.multi_label, splits = multi_label, ("held_out", "test")
        self.held_out, self.test = (Evaluation(split, num_classes, multi_label=multi_label) for split in splits)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] to logits (B, C)."""
        return self.model(images)

    @property
    def images_together(self) -> int:
        """Images that a micro-batch must not part: those that are mixed with each other."""
        return PAIR if self.mixing.is_on else 1

    def training_step(self, batch, batch_idx):
        images, labels = batch
        logits, loss = self.logits_and_loss(images, labels)
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:
            self._log_step(logits.detach(), labels)
        return loss

    def logits_and_loss(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, C) and the loss of a micro-batch, mixed where the recipe says so."""
        if not self.mixing.is_on:
            logits = self.model(images)
            return logits, self.loss_of(logits, labels)
        order = partners(len(images)).to(images.device)
        images, lam = self.mixing.mixed(images, order, seed=self.seed, step=self.global_step)
        logits = self.model(images)
        return logits, mixed_loss(lambda y: self.loss_of(logits, y), labels, lam, order)

    def loss_of(self, logits: Tensor, labels: Tensor) -> Tensor:
        if self.label_smoothing:
            labels = targets(labels, logits.shape[1], self.label_smoothing, logits.dtype)
        return LOSSES[self.loss](logits, labels)

    def _log_step(self, logits, labels):
        # the callback vit.run.callbacks.training_loss logs the loss
        accuracy = {} if self.multi_label else {"train_accuracy": (logits.argmax(1) == labels).float().mean()}
        self.log_dict({**accuracy, "learning_rate": self.learning_rate()}, prog_bar=False)

    def validation_step(self, batch, batch_idx):
        self._evaluate(self.held_out, *batch)

    def test_step(self, batch, batch_idx):
        self._evaluate(self.test, *batch)

    def _evaluate(self, evaluation, images, *labels):
        logits = self.model(images)
        defined = labels[0].ndim == 1 or self.multi_label  # not for sets of classes of which any is right
        loss = LOSSES[self.loss](logits, labels[0]) if defined else None
        evaluation.update(logits, *labels, loss=loss)

    def on_validation_epoch_end(self):
        self.log_dict(self.held_out.results())
        super().on_validation_epoch_end()

    def on_test_epoch_end(self):
        self.log_dict(self.test.results())
        super().on_test_epoch_end()
