"""Evaluation of a finished run on the test images of another set: ImageNet's fine-tunings on ObjectNet (Appendix D.9)."""

from pathlib import Path

from vit.errors import UserError
from vit.objectives.accuracy import Evaluation
from vit.tasks.from_pretrained import FromPretrained
from vit.tasks.options import Options
from vit.weights import check_classes, check_images, file_of, is_run


class Evaluate(FromPretrained):
    """Metrics of vit.objectives.accuracy with the run's head; nothing is trained.

    init: id of the run to evaluate, path of a weight file with a head, or the name of a published one,
        'released:ViT-L/16@imagenet21k+imagenet2012'.
    runs: folder of the runs.
    """

    def __init__(
        self, *, model: str, options: Options, num_classes: int, image_size: int, init: str, runs: str | None = None
    ):
        super().__init__()
        self.save_hyperparameters()
        self.test = Evaluation("test", num_classes)

    def setup(self, stage):
        """Load the model. UserError if the run's image format or the classes of its head differ from these images'."""
        run, images = Path(self.hparams.runs or ".") / self.hparams.init, self.trainer.datamodule.image_format()
        if is_run(run):
            check_images(run, images)
        super().setup(stage)
        if not is_run(run):
            check_classes(Path(file_of(self.hparams.init)), self.model, images)

    def test_step(self, batch, batch_idx):
        images, *labels = batch
        logits, classes = self.model(images), self.hparams.num_classes
        if logits.shape[1] != classes:
            raise UserError(
                f"Evaluate: {self.hparams.init}: a head of {logits.shape[1]} classes, labels of {classes}; use a data set with the same classes"
            )
        self.test.update(logits, *labels)

    def on_test_epoch_end(self):
        self.log_dict(self.test.results())
