"""Supervised pre-training (Section 4.1, Appendix B.1, Table 3; SGD for Table 7)."""

from typing import Literal

from vit.objectives.losses import LOSSES
from vit.optim import CLIP_RULES, make_optimizer, with_schedule
from vit.optim.momentum import BUFFERS
from vit.optim.optimizers import ADAM, DECAYED, OPTIMIZERS
from vit.optim.schedules import WARMUP_FROM
from vit.tasks.classify import Classify
from vit.tasks.options import Options, make_model


class Pretrain(Classify):
    """Linear warm-up and decay; for ViTs a head with one hidden tanh layer.

    options: keyword arguments of create_model, such as patch, depth or position.
    optimizer: 'sgd' takes momentum and momentum_dtype, the others beta1 and beta2; the other values are None.
    linear_end: the rate at the end of decay 'linear'.
    weight_decay: multiplied by the learning rate, as in AdamW.
    head_bias: initial bias of the head; about -ln(classes) with loss 'sigmoid', else 0.
    head_hidden: 'width' for a hidden layer as wide as the model, None for a linear head.
    mixup, cutmix: alphas; 0 for none. With both, each update takes one of them at random.
    polyak: factor of the average of weights, or EMA, that is evaluated and saved; None for the last weights.

    The last arguments have defaults: their off-values, which configs leave out (`later` in vit/plan/recipe_values.py).
    """

    def __init__(
        self,
        *,
        model: str,
        options: Options,
        num_classes: int,
        image_size: int,
        optimizer: Literal[*OPTIMIZERS],
        lr: float,
        decay: str,
        linear_end: float,
        warmup_steps: int,
        warmup_from: Literal[*WARMUP_FROM],
        weight_decay: float,
        decay_form: Literal[*ADAM],
        decay_on: Literal[*DECAYED],
        beta1: float | None,
        beta2: float | None,
        momentum: float | None,
        momentum_dtype: Literal[*BUFFERS] | None,
        clip_rule: Literal[*CLIP_RULES],
        loss: Literal[*LOSSES],
        label_smoothing: float,
        head_bias: float,
        head_hidden: str | None,
        dropout: float,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        polyak: float | None = None,
    ):
        sizes = {"image_size": image_size, "num_classes": num_classes}
        network = make_model(model, options, **sizes, dropout=dropout, head_hidden=head_hidden)
        shared = {"num_classes": num_classes, "label_smoothing": label_smoothing, "clip_rule": clip_rule}
        super().__init__(network, loss=loss, mixup=mixup, cutmix=cutmix, **shared)
        self.save_hyperparameters()
        self.model.set_head_bias(
            head_bias
        )  # the head's weights are zero, so this is the logit of every class at the start

    def configure_optimizers(self):
        hp = self.hparams
        specific = {key: hp[key] for key in ("beta1", "beta2", "momentum", "momentum_dtype")}
        decay = {key: hp[key] for key in ("weight_decay", "decay_form", "decay_on")}
        schedule = {key: hp[key] for key in ("decay", "linear_end", "warmup_steps", "warmup_from")}
        optimizer = make_optimizer(hp.optimizer, self.model, lr=hp.lr, **decay, **specific)
        return with_schedule(optimizer, steps=self.trainer.max_steps, **schedule)
