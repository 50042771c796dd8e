"""What tasks share that evaluate or look into a pre-trained model and train nothing."""

from pathlib import Path

from lightning import LightningModule
from lightning.pytorch.utilities import rank_zero_info

from vit.models import create_model
from vit.models.model import Model
from vit.tasks.options import Options
from vit.weights import file_of, is_run, restore, restore_file


class FromPretrained(LightningModule):
    """Loads `self.model` as the hyperparameters model, options, image_size, init and runs say (`pretrained`)."""

    def prepare_data(self):
        if self.hparams.init:
            file_of(self.hparams.init)  # downloads a published file; Lightning calls this in one process per node

    def setup(self, stage):
        start = {key: self.hparams[key] for key in ("model", "options", "image_size", "init", "runs")}
        self.model = pretrained(**start)


def pretrained(*, model: str, options: Options, image_size: int, init: str | None, runs: str | None) -> Model:
    """The pre-trained model with its head, for images of this size."""
    if not init:
        return create_model(model, image_size=image_size, **options)
    run = Path(runs or ".") / init
    if is_run(run):
        return restore(run).resize_to(image_size)
    network, report = restore_file(model, file_of(init), image_size=image_size, **options)
    rank_zero_info(report)
    return network
