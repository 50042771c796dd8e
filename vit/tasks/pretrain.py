"""Supervised pre-training (Section 4.1, Appendix B.1, Table 3)."""

from vit.early_stopping import BestHeldOut
from vit.optim import adam, with_schedule
from vit.tasks.classify import Classify


class Pretrain(Classify):
    """Adam, linear warm-up, linear or cosine decay; a head with one hidden tanh layer for the Transformers.

    head_hidden: 'width' for a hidden layer as wide as the model, None for a linear head.
    options: keyword arguments of create_model, such as patch, depth or position.
    early_stopping: updates between evaluations on held-out images, of which the best one's weights are kept (Sec. 4.3);
        None keeps those of the last update.
    """

    def __init__(
        self,
        *,
        model: str,
        options: dict,
        num_classes: int,
        image_size: int,
        lr: float,
        decay: str,
        warmup_steps: int,
        weight_decay: float,
        beta1: float,
        beta2: float,
        label_smoothing: float,
        head_hidden: str | None,
        dropout: float,
        early_stopping: int | None,
    ):
        options = {
            **options,
            **({"dropout": dropout} if dropout else {}),
            **({"head_hidden": head_hidden} if head_hidden else {}),
        }
        made_with = {"name": model, "image_size": image_size, "num_classes": num_classes, **options}
        super().__init__(made_with, label_smoothing=label_smoothing)
        self.save_hyperparameters()

    def configure_callbacks(self):
        return [BestHeldOut(self.hparams.early_stopping)] if self.hparams.early_stopping else []

    def configure_optimizers(self):
        hp = self.hparams
        optimizer = adam(self.model, lr=hp.lr, beta1=hp.beta1, beta2=hp.beta2, weight_decay=hp.weight_decay)
        return with_schedule(optimizer, steps=self.trainer.max_steps, warmup_steps=hp.warmup_steps, decay=hp.decay)
