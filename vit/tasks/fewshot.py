"""Few-shot linear evaluation of a pre-trained model (Section 4.1): nothing is trained, a closed form is solved."""

from pathlib import Path
from statistics import fmean

import torch
from lightning import LightningModule
from lightning.pytorch.utilities import rank_zero_info
from torchmetrics.classification import MulticlassAccuracy

from vit.errors import UserError
from vit.models import create_model
from vit.objectives.least_squares import fit_draws
from vit.tasks.options import Options
from vit.weights import file_of, is_run, restore, restore_file


class FewShot(LightningModule):
    """Accuracy of a linear classifier on frozen features, from `shots` training images a class; vit/objectives/least_squares.py has the equations.

    The features are what the pre-training's last linear layer saw: its head's hidden layer stays. Metrics, with `test` or
    `held_out` in front: 5shot_accuracy, a mean over draws, 5shot_accuracy_draw0, ... and accuracy, that of report_shots.

    init: id of the run to start from, or a path to any file of weights that load_weights knows, or such a file of the
        authors', 'released:ViT-B/16@imagenet21k'; None evaluates the model's own initialisation.
    shots, draws: numbers of images a class, and seeds.
    l2, constant, epsilon, solve_dtype: arguments of vit.objectives.least_squares.fit.
    runs: the folder in which runs lie.
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
            raise UserError(f"report_shots is {report_shots}, which is none of shots: {shots}; add it there")
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

    def prepare_data(self):
        """One process downloads what the others then find."""
        if self.hparams.init:
            file_of(self.hparams.init)

    def setup(self, stage):
        start = {key: self.hparams[key] for key in ("model", "options", "image_size", "init", "runs")}
        self.model = pretrained(**start)

    def on_test_start(self):
        """Draw from the training part, represent what was drawn, solve."""
        hp, data = self.hparams, self.trainer.datamodule
        how = dict(l2=hp.l2, constant=hp.constant, epsilon=hp.epsilon, dtype=hp.solve_dtype)
        self.readouts = fit_draws(
            lambda drawn: represent(self, data.in_order("train", drawn)),
            data.labels("train"), hp.num_classes, shots=hp.shots, draws=hp.draws, **how,
        )  # fmt: skip

    def test_step(self, batch, batch_idx):
        images, labels = batch[:2]
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
        """Sums over all devices; each image is counted once, however many there are."""
        hp = self.hparams
        draws = {name: float(metric.compute()) for name, metric in self.accuracy.items()}
        means = {
            f"{count}shot_accuracy": fmean(draws[f"{count}shot_accuracy_draw{seed}"] for seed in hp.draws)
            for count in hp.shots
        }
        values = {"accuracy": means[f"{hp.report_shots}shot_accuracy"], **means, **draws}
        self.log_dict({f"{split}_{name}": value for name, value in values.items()})
        for metric in self.accuracy.values():
            metric.reset()


def pretrained(*, model, options, image_size, init, runs):
    """The model with all of its pre-training, head included, for images of this size."""
    if not init:
        return create_model(model, image_size=image_size, **options)
    run = Path(runs or ".") / init
    if is_run(run):
        return restore(run).resize_to(image_size)
    network, report = restore_file(model, file_of(init), image_size=image_size, **options)
    rank_zero_info(report)
    return network


def represent(task, batches):
    """Features (N, D) of all images of a loader, on the CPU; the task's model is in evaluation mode already."""
    precision = task.trainer.precision_plugin
    with precision.forward_context():
        parts = [task.model.features(precision.convert_input(images.to(task.device))).cpu() for images, *_ in batches]
    return torch.cat(parts)
