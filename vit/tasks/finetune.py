"""Fine-tuning on a transfer set (Sections 3.2 and 4.1, Appendix B.1.1, Table 4)."""

from pathlib import Path

from lightning.pytorch.utilities import rank_zero_info

from vit.optim import sgd, with_schedule
from vit.selection import best_learning_rate
from vit.tasks.classify import Classify
from vit.weights import load_weights, restore


class Finetune(Classify):
    """SGD with momentum from a pre-trained model: its head dropped for a zero one, its positions resized (Section 3.2).

    init: id of the run to start from, or a path to any file of weights that load_weights knows; None starts from the
        model's own initialisation.
    lr_from: ids of the sweep's runs; the rate with the best held-out accuracy is taken, and lr is None.
    runs: the folder in which those runs lie.
    """

    def __init__(
        self,
        *,
        model: str,
        options: dict,
        num_classes: int,
        image_size: int,
        init: str | None,
        lr: float | None,
        lr_from: list[str],
        momentum: float,
        decay: str,
        warmup_steps: int,
        dropout: float,
        runs: str | None = None,
    ):
        options = {**options, **({"dropout": dropout} if dropout else {})}
        made_with = {"name": model, "image_size": image_size, "num_classes": num_classes, **options}
        super().__init__(made_with, label_smoothing=0.0)
        self.save_hyperparameters()

    def setup(self, stage):
        """Pre-trained weights come in before the first step; a resumed run replaces them by its checkpoint's."""
        hp = self.hparams
        if stage != "fit" or not hp.init:
            return
        run = Path(hp.runs or ".") / hp.init
        if run.is_dir():
            start = restore(run)
            start.reset_head(hp.num_classes).resize_to(hp.image_size)
            self.model.load_state_dict(start.state_dict())
        else:
            rank_zero_info(load_weights(self.model, hp.init, head="zero"))

    def configure_optimizers(self):
        hp = self.hparams
        if hp.lr is None:
            hp.lr = best_learning_rate([Path(hp.runs or ".") / run for run in hp.lr_from])
        optimizer = sgd(self.model, lr=hp.lr, momentum=hp.momentum)
        return with_schedule(optimizer, steps=self.trainer.max_steps, warmup_steps=hp.warmup_steps, decay=hp.decay)
