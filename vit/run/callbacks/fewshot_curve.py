"""Few-shot accuracy during pre-training (Section 4.3 follows representations by it): a curve beside the loss."""

from statistics import fmean

from lightning import LightningDataModule
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.objectives.least_squares import fit_draws
from vit.run.callbacks.undisturbed import undisturbed
from vit.tasks.fewshot import represent


class FewShotDuringTraining(Callback):
    """Every `every` updates, held_out_5shot_accuracy and the like: mean over draws, with the authors' constants.

    It draws from the training part of `data`, or of the training's own data if that is None, and classifies the images
    held out from it, never test images. The training goes on as if nothing had happened: no random number is drawn from
    its streams, and modes are put back.
    """

    def __init__(self, *, every: int, shots: list[int], draws: list[int], data: LightningDataModule | None = None):
        self.every, self.shots, self.draws, self.data = every, shots, draws, data

    def on_train_start(self, trainer, module):
        self.measured = trainer.global_step  # a resumed run has this one in its curve
        self.data = self.data or trainer.datamodule
        if self.data is None or self.data.train_on == "all":
            raise UserError("few-shot accuracy during training needs held-out images: give data with train_on: train")
        if self.data is not trainer.datamodule:
            self.data.prepare_data()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        """After an update, not after each of the batches that are accumulated for it."""
        step = trainer.global_step
        if step == self.measured or step % self.every:
            return
        self.measured = step
        with undisturbed(module):
            values = self.accuracies(module)
        for logger in trainer.loggers:
            logger.log_metrics(values, step - 1)  # Lightning's number of the update that was the last

    def accuracies(self, module):
        """{'held_out_5shot_accuracy': fraction, ...}."""
        data, correct = self.data, {}
        readouts = fit_draws(
            lambda drawn: represent(module, data.in_order("train", drawn)),
            data.labels("train"), data.num_classes, shots=self.shots, draws=self.draws,
        )  # fmt: skip
        for batch in data.in_order("val"):
            features, labels = represent(module, [batch]), batch[1]
            for key, readout in readouts.items():
                correct[key] = correct.get(key, 0) + int((readout.scores(features).argmax(1) == labels).sum())
        images = len(data.labels("val"))
        return {
            f"held_out_{count}shot_accuracy": fmean(correct[count, seed] / images for seed in self.draws)
            for count in self.shots
        }
