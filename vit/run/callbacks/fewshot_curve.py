"""Few-shot accuracy during pre-training, by which Section 4.3 and Figure 9 follow representations: a curve beside the loss."""

from statistics import fmean

from lightning import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.objectives.least_squares import fit_draws
from vit.run.callbacks.evaluation_mode import evaluation_mode
from vit.tasks.fewshot import represent


class FewShotDuringTraining(Callback):
    """Every `every` updates and after the last, logs held_out_5shot_accuracy etc.: mean over `draws`, with the authors' constants.

    Samples shots from the training part of `data` (None: the data of the run) and classifies its held-out images, never
    test images. The training itself is bit for bit the same as without.
    """

    def __init__(self, *, every: int, shots: list[int], draws: list[int], data: LightningDataModule | None = None):
        self.every, self.shots, self.draws, self.data = every, shots, draws, data

    def on_train_start(self, trainer, module):
        self.measured_step = trainer.global_step  # the curve of a resumed run has this step already
        self.data = self.data or trainer.datamodule
        if self.data is None or self.data.train_on == "all":
            raise UserError(
                "FewShotDuringTraining needs held-out images: set `data` to a data set with train_on: train"
            )
        if getattr(self.data, "multi_label", False):
            raise UserError(
                "FewShotDuringTraining draws images of each class, so it needs a set with one label an image"
            )
        if self.data is not trainer.datamodule:
            self.data.prepare_data()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        step = trainer.global_step
        off = step % self.every and step != trainer.max_steps
        if step == self.measured_step or off:  # equal: after a micro-batch that completes no update
            return
        self.measured_step = step
        with evaluation_mode(module):
            accuracies = self.accuracies(module)
        for logger in trainer.loggers:
            logger.log_metrics(accuracies, step - 1)  # Lightning numbers updates from 0

    def accuracies(self, module: LightningModule) -> dict[str, float]:
        """{'held_out_5shot_accuracy': fraction, ...}."""
        data, correct = self.data, {}
        readouts = fit_draws(
            lambda drawn: represent(module, data.in_order("train", drawn)),
            data.labels("train"), data.num_classes, shots=self.shots, draws=self.draws,
        )  # fmt: skip
        for batch in data.in_order("val"):
            features, labels = represent(module, [batch]), batch[1]
            for key, readout in readouts.items():
                predicted = readout.scores(features).argmax(1)
                correct[key] = correct.get(key, 0) + int((predicted == labels).sum())
        images = len(data.labels("val"))
        return {
            f"held_out_{count}shot_accuracy": fmean(correct[count, seed] / images for seed in self.draws)
            for count in self.shots
        }
