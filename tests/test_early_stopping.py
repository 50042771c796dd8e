"""Early stopping keeps the weights that were best on held-out images, and changes nothing else (Section 4.3, Figure 4)."""

import csv
import sys

import pytest
import torch
import yaml
from lightning.pytorch.callbacks import Callback

from vit.checkpoints import Checkpoints
from vit.cli import PaperCLI
from vit.errors import UserError
from vit.plan import make_plan
from vit.run_folder import fit

STEPS, EVERY = 30, 4


class Weights(Callback):
    """Copies of the model after each update."""

    def __init__(self):
        self.after = {}

    def on_train_batch_end(self, trainer, module, *_):
        self.after[trainer.global_step] = {name: tensor.clone() for name, tensor in module.model.state_dict().items()}


class Break(Callback):
    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 23:
            raise RuntimeError("broken off")


class EveryFifth(Checkpoints):
    def is_due(self, trainer):
        return trainer.global_step % 5 == 0


def trained(folder, *callbacks, every=EVERY, train_on="train"):
    """The CLI after a fit at a learning rate so high that the last weights are not the best."""
    run = next(run for run in make_plan("smoke").runs.values() if run.id.startswith("pretrain-ViT-B-32-fractals-80"))
    config = yaml.safe_load(yaml.safe_dump(run.config))
    config["trainer"]["max_steps"] = STEPS
    config["model"]["init_args"].update(dropout=0.1, lr=0.01)
    if every is not None:
        config["trainer"]["callbacks"] = [
            {"class_path": "vit.early_stopping.BestHeldOut", "init_args": {"every": every}}
        ]
    config["data"]["init_args"]["train_on"] = train_on
    words, sys.argv = sys.argv, sys.argv[:1]  # LightningCLI would read pytest's
    callbacks = [EveryFifth(folder), *callbacks]
    try:
        cli = PaperCLI(args=config, run=False, folder=folder, callbacks=callbacks, save_config_callback=None)
    finally:
        sys.argv = words
    fit(cli.trainer, cli.model, cli.datamodule, folder, print)
    return cli


def held_out_curve(folder):
    """Updates done -> held-out accuracy."""
    with open(folder / "metrics.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["held_out_accuracy"]]
    return {int(row["step"]) + 1: float(row["held_out_accuracy"]) for row in rows}


def assert_equal(one, other):
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """(held-out curve, CLI, weights after each update)."""
    folder, weights = tmp_path_factory.mktemp("stopped"), Weights()
    cli = trained(folder, weights)
    return held_out_curve(folder), cli, weights


def test_it_evaluates_at_every_interval_and_after_the_last_update(stopped):
    assert list(stopped[0]) == [4, 8, 12, 16, 20, 24, 28, 30]


def test_the_best_weights_are_left_and_evaluate_to_the_best_accuracy(stopped):
    curve, cli, weights = stopped
    best = max(curve, key=curve.get)
    assert curve[best] > curve[STEPS]  # or the test would not see which are kept
    assert_equal(cli.model.model.state_dict(), weights.after[best])
    cli.trainer.limit_val_batches = 1.0
    measured = cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0]
    assert measured["held_out_accuracy"] == pytest.approx(curve[best])


def test_training_is_bit_for_bit_what_it_is_without(stopped, tmp_path):
    weights = Weights()
    trained(tmp_path, weights, every=None)
    for step in range(1, STEPS + 1):
        assert_equal(weights.after[step], stopped[2].after[step])


def test_broken_off_and_resumed_it_keeps_the_same_weights(stopped, tmp_path):
    with pytest.raises(RuntimeError, match="broken off"):
        trained(tmp_path, Break())
    resumed = trained(tmp_path)
    assert_equal(resumed.model.model.state_dict(), stopped[1].model.model.state_dict())
    assert held_out_curve(tmp_path) == stopped[0]


def test_without_held_out_images_it_is_refused(tmp_path):
    with pytest.raises(UserError, match="early stopping needs held-out images"):
        trained(tmp_path, train_on="all")
