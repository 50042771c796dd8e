"""Fine-tuning on a transfer set (Sections 3.2 and 4.1, Appendix B.1.1, Table 4), with BiT's setting for ResNets."""

from pathlib import Path
from typing import Literal

from lightning.pytorch.utilities import rank_zero_info

from vit.errors import UserError
from vit.models.grid import MODES
from vit.objectives.losses import LOSSES
from vit.optim import CLIP_RULES, make_optimizer, with_schedule
from vit.optim.momentum import BUFFERS
from vit.optim.optimizers import OPTIMIZERS
from vit.optim.schedules import WARMUP_FROM
from vit.record import MEASURES
from vit.tasks.classify import Classify
from vit.tasks.options import Options, make_model
from vit.tasks.selection import best_learning_rate
from vit.weights import file_of, is_run, load_weights, restore


class Finetune(Classify):
    """SGD with momentum (or another optimizer) from a pre-trained model, with a zero head and resized positions (Section 3.2).

    init: id of the run to start from, path of a weight file, or the name of a published one,
        'released:ViT-B/16@imagenet21k'; None starts from the initialisation.
    positions: interpolation of the position table.
    lr, lr_from: the learning rate, or None and the ids of a sweep's runs, of which the best on held-out images is taken.
    select_by: what is best of a sweep: the highest of these metrics, or the lowest 'loss'.
    drops: steps after which decay 'staircase' (BiT's) divides the rate by ten; empty for every other decay.
    mixup: alpha of BiT's mixup; 0 for none.
    cutmix: alpha of CutMix; with mixup too, each update takes one of them at random.
    polyak: factor of the average of weights, or EMA, that is evaluated and saved (Table 2); None for the last weights.
    optimizer: 'sgd' takes momentum and momentum_dtype, the others beta1 and beta2; the other values are None.
    weight_decay: on kernels, decoupled and multiplied by the learning rate.
    frozen: a linear probe: only the head is trained, and the rest computes as in an evaluation.
    layer_decay: layer l of 0 .. L has the learning rate lr layer_decay^(L - l), the head lr (BEiT, MAE).
    head_bias: initial bias of the head, beside its zero weights; 0 as in Section 3.2, or with loss 'sigmoid' another.
    multi_label: images have several labels; takes loss 'sigmoid' and no label_smoothing.
    runs: folder of the runs.

    The last arguments have defaults: their off-values, which configs leave out (`later` in vit/plan/recipe_values.py).
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
        momentum: float | None,
        momentum_dtype: Literal[*BUFFERS] | None,
        decay: str,
        drops: list[int],
        warmup_steps: int,
        warmup_from: Literal[*WARMUP_FROM],
        clip_rule: Literal[*CLIP_RULES],
        dropout: float,
        mixup: float,
        polyak: float | None,
        optimizer: Literal[*OPTIMIZERS] = "sgd",
        beta1: float | None = None,
        beta2: float | None = None,
        weight_decay: float = 0.0,
        label_smoothing: float = 0.0,
        frozen: bool = False,
        layer_decay: float = 1.0,
        loss: Literal[*LOSSES] = "softmax",
        head_bias: float = 0.0,
        select_by: Literal[*MEASURES] = "accuracy",
        cutmix: float = 0.0,
        multi_label: bool = False,
        runs: str | None = None,
    ):
        if multi_label and (loss == "softmax" or label_smoothing):
            raise UserError(
                f"Finetune: multi_label: true takes loss sigmoid and label_smoothing 0, found {loss} and {label_smoothing}"
            )
        network = make_model(model, options, image_size=image_size, num_classes=num_classes, dropout=dropout)
        shared = {"num_classes": num_classes, "label_smoothing": label_smoothing, "clip_rule": clip_rule}
        super().__init__(network, loss=loss, mixup=mixup, cutmix=cutmix, multi_label=multi_label, **shared)
        self.save_hyperparameters()
        if frozen:
            self.model.freeze_body()
        if layer_decay != 1:
            self.model.layers()  # a model that has none is refused before anything starts

    def prepare_data(self):
        if self.hparams.init and self.trainer.state.fn == "fit":
            file_of(self.hparams.init)  # downloads a published file; Lightning calls this in one process per node

    def setup(self, stage):
        hp = self.hparams
        # also when a run is resumed: Lightning then loads the checkpoint over these weights
        if stage == "fit" and hp.init:
            self.start_from(Path(hp.runs or ".") / hp.init)
        if stage == "fit" and hp.head_bias:
            self.model.set_head_bias(hp.head_bias)
        super().setup(stage)

    def start_from(self, run: Path) -> None:
        """Load pre-trained weights from a run, or from the file that `init` names."""
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
            hp.lr = best_learning_rate([Path(hp.runs or ".") / run for run in hp.lr_from], hp.select_by)
        specific = {key: hp[key] for key in ("beta1", "beta2", "momentum", "momentum_dtype")}
        rates = {"lr": hp.lr, "layer_decay": hp.layer_decay}
        optimizer = make_optimizer(hp.optimizer, self.model, **rates, weight_decay=hp.weight_decay, **specific)
        schedule = {key: hp[key] for key in ("decay", "drops", "warmup_steps", "warmup_from")}
        return with_schedule(optimizer, steps=self.trainer.max_steps, **schedule)

    def on_train_start(self):
        if self.hparams.frozen:
            self.model.eval()  # no dropout in a body that is not trained; evaluations in between restore the mode
