"""Self-supervised pre-training by masked patch prediction (Section 4.6, Appendix B.1.2).

B batch, N patches, S side of an image in pixels.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torchmetrics import MeanMetric

from vit.errors import UserError
from vit.models.initializers import zero_head
from vit.models.vit import ViT
from vit.objectives.masked_patches import (
    corrupt,
    corruption,
    image_draws,
    make_target,
    pixel_patches,
    predicted,
    training_draws,
)
from vit.optim import CLIP_RULES, adam, with_schedule
from vit.tasks.options import Options, make_model
from vit.tasks.training import Training

CORRUPTION = ("corrupted", "masked", "random_patch", "counts", "random_patch_from")


class MaskedPatch(Training):
    """A ViT sees images with corrupted patch embeddings and predicts the content of the corrupted patches.

    corrupted, masked, random_patch, counts, random_patch_from: see vit.objectives.masked_patches.corruption.
    kept: share of the corrupted patches that stay as they are; masked, random_patch and kept add up to 1.
    target, color_bins: see vit.objectives.masked_patches.targets.
    """

    # Labels are not used, and the model's head is not trained. The paper says neither how the mask vector starts nor what
    # predicts from a patch's output: here zeros, like the class token, and one linear layer of zeros, like the authors'
    # other heads. Neither is part of the run's weight file.

    def __init__(
        self,
        *,
        model: str,
        options: Options,
        num_classes: int,
        image_size: int,
        lr: float,
        decay: str,
        warmup_steps: int,
        weight_decay: float,
        beta1: float,
        beta2: float,
        dropout: float,
        target: str,
        color_bins: str,
        corrupted: float,
        masked: float,
        random_patch: float,
        kept: float,
        counts: str,
        random_patch_from: str,
        clip_rule: Literal[*CLIP_RULES],
    ):
        super().__init__()
        self.clip_rule = clip_rule
        self.save_hyperparameters()
        if not math.isclose(masked + random_patch + kept, 1):
            raise UserError(
                f"MaskedPatch: masked, random_patch and kept are {masked:g}, {random_patch:g} and {kept:g}; their sum must be 1"
            )
        self.model = make_model(model, options, image_size=image_size, num_classes=num_classes, dropout=dropout)
        if not isinstance(self.model, ViT):
            raise UserError(f"MaskedPatch: {model} has no patch embeddings to corrupt; use a ViT or a hybrid")
        self.model.freeze_head()
        self.target = make_target(target, patch=self.model.patch_pixels, color_bins=color_bins)
        self.means = torch.nn.ModuleDict({name: MeanMetric() for name in self.target.measures})  # of an evaluation
        self.random_numbers = 2 * (image_size // self.model.patch_pixels) ** 2  # 2 N, for the corruption of an image
        self.mask = torch.nn.Parameter(torch.zeros(self.model.width))
        self.head = zero_head(self.model.width, self.target.outputs)

    def measure(self, images: Tensor, numbers: Tensor) -> tuple[dict[str, Tensor], int]:
        """Means over the corrupted patches, 'loss' and, unless the target is 'regression', 'accuracy'; and their number.

        images: (B, 3, S, S) in [-1, 1]; numbers: uniform in [0, 1), (B, 2 N), that decide the corruption.
        """
        tokens, patches = self.model.tokens(images), pixel_patches(images, self.model.patch_pixels)
        if tokens.shape[1] != patches.shape[1]:  # the stem's SAME padding rounds up
            raise UserError(f"MaskedPatch: image_size must be a multiple of {self.model.patch_pixels} for this hybrid")
        fate, source = corruption(numbers, **{name: self.hparams[name] for name in CORRUPTION})
        encoded = self.model.patches(self.model.encode(corrupt(tokens, self.mask, fate, source)))
        indices = predicted(fate).to(images.device)
        predictions, contents = self.head(encoded.flatten(0, 1)[indices]), patches.flatten(0, 1)[indices]
        return self.target.measure(predictions, contents), len(indices)

    def training_step(self, batch, batch_idx):
        images = batch[0]
        # devices and micro-batches draw consecutive parts of the global batch's random numbers
        update = {"seed": self.seed, "step": self.global_step, "first": self.first}
        measured, _ = self.measure(images, training_draws(**update, images=len(images), numbers=self.random_numbers))
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:
            self._log_step({name: float(value.detach()) for name, value in measured.items()})
        return measured["loss"]

    def _log_step(self, measured):
        # the callback vit.run.callbacks.training_loss logs the loss
        accuracy = {"train_accuracy": measured["accuracy"]} if "accuracy" in measured else {}
        self.log_dict({**accuracy, "learning_rate": self.learning_rate()})

    def validation_step(self, batch, batch_idx):
        self._evaluate(batch[0])

    def test_step(self, batch, batch_idx):
        self._evaluate(batch[0])

    def _evaluate(self, images):
        measured, count = self.measure(images, image_draws(images, self.random_numbers))
        for name, value in measured.items():
            self.means[name].update(value, weight=count)

    def on_validation_epoch_end(self):
        self._log_means("held_out")

    def on_test_epoch_end(self):
        self._log_means("test")

    def _log_means(self, split):
        self.log_dict({f"{split}_{name}": mean.compute() for name, mean in self.means.items()})  # over all devices
        for mean in self.means.values():
            mean.reset()

    def configure_optimizers(self):
        hp = self.hparams
        optimizer = adam(self, lr=hp.lr, beta1=hp.beta1, beta2=hp.beta2, weight_decay=hp.weight_decay)
        return with_schedule(optimizer, steps=self.trainer.max_steps, warmup_steps=hp.warmup_steps, decay=hp.decay)
