"""Fine-tuning on a transfer set (Sections 3.2 and 4.1, Appendix B.1.1, Table 4), and BiT's own way of it."""

from pathlib import Path
from typing import Literal

from lightning.pytorch.utilities import rank_zero_info

from vit.errors import UserError
from vit.models.grid import MODES
from vit.objectives import mixup
from vit.optim import CLIP_RULES, Polyak, sgd, with_schedule
from vit.optim.momentum import BUFFERS
from vit.optim.schedules import FIRST
from vit.tasks.classify import Classify
from vit.tasks.options import Options
from vit.tasks.selection import best_learning_rate
from vit.weights import file_of, is_run, load_weights, restore


class Finetune(Classify):
    """SGD with momentum from a pre-trained model: its head dropped for a zero one, its positions resized (Section 3.2).

    init: id of the run to start from, or a path to any file of weights that load_weights knows, or such a file of the
        authors', 'released:ViT-B/16@imagenet21k'; None starts from the model's own initialisation.
    positions: 'bilinear' or 'bicubic' resizing of their table.
    lr_from: ids of the sweep's runs; the rate with the best held-out accuracy is taken, and lr is None.
    drops: steps after which decay 'staircase' (BiT's) divides the rate by ten; empty for every other decay.
    mixup: alpha of BiT's mixup; 0 for none.
    polyak: factor of the average of weights that is evaluated and saved (Table 2); None for the last weights.
    runs: the folder in which those runs lie.
    """

    def __init__(
        self,
        *,
        model: str,
        options: Options,
        num_classes: int,
        image_size: int,
        init: str | None,
        positions: Literal[*MODES],
        lr: float | None,
        lr_from: list[str],
        momentum: float,
        momentum_dtype: Literal[*BUFFERS],
        decay: str,
        drops: list[int],
        warmup_steps: int,
        warmup_from: Literal[*FIRST],
        clip_rule: Literal[*CLIP_RULES],
        dropout: float,
        mixup: float,
        polyak: float | None,
        runs: str | None = None,
    ):
        options = {**options, **({"dropout": dropout} if dropout else {})}
        made_with = {"name": model, "image_size": image_size, "num_classes": num_classes, **options}
        super().__init__(made_with, loss="softmax", label_smoothing=0.0, clip_rule=clip_rule)
        self.save_hyperparameters()
        self.polyak = None

    def prepare_data(self):
        """One process downloads what the others then find."""
        if self.hparams.init and self.trainer.state.fn == "fit":
            file_of(self.hparams.init)

    def setup(self, stage):
        """Pre-trained weights come in before the first step; a resumed run replaces them by its checkpoint's."""
        hp = self.hparams
        if stage == "fit" and hp.init:
            self.start_from(Path(hp.runs or ".") / hp.init)
        if hp.polyak and (stage == "fit" or self.polyak is None):
            if self.trainer.precision in ("bf16-true", "16-true"):
                raise UserError(
                    f"polyak: {self.trainer.precision} weights are too coarse for an average; take bf16-mixed"
                )
            self.polyak = Polyak(self.model.parameters(), hp.polyak)

    def start_from(self, run):
        hp = self.hparams
        if is_run(run):
            start = restore(run)
            start.reset_head(hp.num_classes).resize_to(hp.image_size, hp.positions)
            self.model.load_state_dict(start.state_dict())
        else:
            rank_zero_info(load_weights(self.model, file_of(hp.init), head="zero", positions=hp.positions))

    def configure_optimizers(self):
        hp = self.hparams
        if hp.lr is None:
            hp.lr = best_learning_rate([Path(hp.runs or ".") / run for run in hp.lr_from])
        optimizer = sgd(self.model, lr=hp.lr, momentum=hp.momentum, momentum_dtype=hp.momentum_dtype)
        schedule = {key: hp[key] for key in ("decay", "drops", "warmup_steps", "warmup_from")}
        return with_schedule(optimizer, steps=self.trainer.max_steps, **schedule)

    def logits_and_loss(self, images, labels):
        """With mixup, logits of mixed images and the loss mixed likewise."""
        if not self.hparams.mixup:
            return super().logits_and_loss(images, labels)
        place = {"seed": self.seed, "step": self.global_step}
        lam = mixup.share(self.hparams.mixup, **place)
        order = mixup.partners(len(images), **place, part=self.part, rank=self.global_rank).to(images.device)
        logits = self.model(mixup.mixed(images, lam, order))
        return logits, mixup.mixed_loss(lambda y: self.loss_of(logits, y), labels, lam, order)

    def optimizer_step(self, *args, **kwargs):
        """The average follows each update, and so is part of any checkpoint written after it."""
        super().optimizer_step(*args, **kwargs)
        if self.polyak is not None:
            self.polyak.update(self.model.parameters())

    def _swap(self):
        if self.polyak is not None:
            self.polyak.swap(self.model.parameters())

    def on_validation_start(self):
        """What is evaluated is the average; training goes on with the weights themselves."""
        self._swap()

    def on_validation_epoch_end(self):
        super().on_validation_epoch_end()
        self._swap()

    def on_test_start(self):
        """After a training both are the average; a checkpoint of its middle holds two."""
        self._swap()

    def on_test_epoch_end(self):
        super().on_test_epoch_end()
        self._swap()

    def on_fit_end(self):
        """What is kept is the average; here, so that a run resumed after its last step gets it too."""
        if self.polyak is not None:
            self.polyak.write_to(self.model.parameters())
