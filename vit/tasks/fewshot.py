"""Few-shot linear evaluation of a pre-trained model (Section 4.1): a closed-form solution, no training.

N images, D features.
"""

from statistics import fmean

import torch
from lightning import LightningModule
from torch import Tensor
from torchmetrics.classification import MulticlassAccuracy

from vit.errors import UserError
from vit.objectives.least_squares import fit_draws
from vit.tasks.from_pretrained import FromPretrained
from vit.tasks.options import Options


class FewShot(FromPretrained):
    """Accuracy of least squares (vit.objectives.least_squares) on frozen features, from `shots` training images per class.

    Metrics, after 'test_' or 'held_out_': 5shot_accuracy_draw0 for each number of shots and seed, 5shot_accuracy, the mean
    over seeds, and accuracy, that mean for report_shots.

    init: id of the run to start from, path of a weight file, or the name of a published one,
        'released:ViT-B/16@imagenet21k'; None evaluates the model as initialised.
    shots, draws: numbers of images per class, and seeds.
    l2, constant, epsilon, solve_dtype: arguments of vit.objectives.least_squares.fit.
    runs: folder of the runs.
    """

    def __init__(
        self,
        *,
        model: str,
        options: Options,
        num_classes: int,
        image_size: int,
        init: str | None,
        shots: list[int],
        draws: list[int],
        report_shots: int,
        l2: float,
        constant: float,
        epsilon: float,
        solve_dtype: str,
        runs: str | None = None,
    ):
        super().__init__()
        if report_shots not in shots:
            raise UserError(
                f"FewShot: report_shots is {report_shots}, which is not among shots {shots}; add it to them"
            )
        self.save_hyperparameters()
        self.accuracy = torch.nn.ModuleDict(
            {
                f"{count}shot_accuracy_draw{seed}": MulticlassAccuracy(
                    num_classes, average="micro", validate_args=False
                )
                for count in shots
                for seed in draws
            }
        )

    def on_test_start(self):
        """Draw images of the training part, compute their features and fit a classifier for each draw."""
        hp, data = self.hparams, self.trainer.datamodule
        self.readouts = fit_draws(
            lambda drawn: represent(self, data.in_order("train", drawn)),
            data.labels("train"), hp.num_classes, shots=hp.shots, draws=hp.draws,
            l2=hp.l2, constant=hp.constant, epsilon=hp.epsilon, dtype=hp.solve_dtype,
        )  # fmt: skip

    def test_step(self, batch, batch_idx):
        images, labels = batch[:2]
        # the input of the last linear layer: a hidden layer of the pre-training's head stays
        features = self.model.features(images).cpu()
        for (count, seed), readout in self.readouts.items():
            predictions = readout.scores(features).argmax(1).to(labels.device)
            self.accuracy[f"{count}shot_accuracy_draw{seed}"].update(predictions, labels)

    def on_test_epoch_end(self):
        self._log_accuracies("test")

    def on_validation_epoch_end(self):
        self._log_accuracies("held_out")

    on_validation_start, validation_step = on_test_start, test_step

    def _log_accuracies(self, split):
        hp = self.hparams
        draws = {name: float(metric.compute()) for name, metric in self.accuracy.items()}  # over all devices
        means = {
            f"{count}shot_accuracy": fmean(draws[f"{count}shot_accuracy_draw{seed}"] for seed in hp.draws)
            for count in hp.shots
        }
        values = {"accuracy": means[f"{hp.report_shots}shot_accuracy"], **means, **draws}
        self.log_dict({f"{split}_{name}": value for name, value in values.items()})
        for metric in self.accuracy.values():
            metric.reset()


def represent(task: LightningModule, batches) -> Tensor:
    """Features (N, D) of all images of a data loader, on the CPU; the task's model must be in evaluation mode."""
    precision = task.trainer.precision_plugin  # outside of a step Lightning does not apply the precision
    with precision.forward_context():
        parts = [task.model.features(precision.convert_input(images.to(task.device))).cpu() for images, *_ in batches]
    return torch.cat(parts)
