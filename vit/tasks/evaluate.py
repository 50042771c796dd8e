"""A finished run on the test images of another set: ImageNet's fine-tunings on ObjectNet (Appendix D.9); nothing is trained."""

from pathlib import Path

from lightning import LightningModule

from vit.errors import UserError
from vit.objectives.accuracy import Evaluation
from vit.tasks.fewshot import pretrained
from vit.tasks.options import Options
from vit.weights import check_classes, check_images, file_of, is_run


class Evaluate(LightningModule):
    """The metrics of vit.objectives.accuracy, with the classes of the run's own head; ObjectNet's labels are sets of those.

    init: id of the run to evaluate, or a path to any file of weights with a head that load_weights knows, or such a
        file of the authors', 'released:ViT-L/16@imagenet21k+imagenet2012'.
    runs: the folder in which runs lie.
    """

    def __init__(
        self, *, model: str, options: Options, num_classes: int, image_size: int, init: str, runs: str | None = None
    ):
        super().__init__()
        self.save_hyperparameters()
        self.test = Evaluation("test", num_classes)

    def prepare_data(self):
        """One process downloads what the others then find."""
        file_of(self.hparams.init)

    def setup(self, stage):
        """UserError if the run's own images were prepared in another way, or its head is for other classes than these."""
        run, images = Path(self.hparams.runs or ".") / self.hparams.init, self.trainer.datamodule.image_format()
        if is_run(run):
            check_images(run, images)
        start = {key: self.hparams[key] for key in ("model", "options", "image_size", "init", "runs")}
        self.model = pretrained(**start)
        if not is_run(run):
            check_classes(Path(file_of(self.hparams.init)), self.model, images)

    def test_step(self, batch, batch_idx):
        images, *labels = batch
        logits, classes = self.model(images), self.hparams.num_classes
        if logits.shape[1] != classes:
            told = f"its head has {logits.shape[1]} classes and the labels of these images {classes}"
            raise UserError(f"Evaluate: {self.hparams.init}: {told}; take a set with the same classes")
        self.test.update(logits, *labels)

    def on_test_epoch_end(self):
        self.log_dict(self.test.results())
