"""Early stopping keeps the weights that were best on held-out images, and changes nothing else (Section 4.3, Figure 4)."""

import csv

import pytest
import torch
from folder_runs import Break, SavesEvery, smoke_config, trained_in
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError

STEPS, EVERY = 30, 4


class Weights(Callback):
    """Copies of the model after each update."""

    def __init__(self):
        self.after = {}

    def on_train_batch_end(self, trainer, module, *_):
        self.after[trainer.global_step] = {name: tensor.clone() for name, tensor in module.model.state_dict().items()}


def trained(folder, *callbacks, every=EVERY, train_on="train"):
    """The CLI after a fit at a learning rate so high that the last weights are not the best."""
    config = smoke_config("pretrain-ViT-B-32-fractals-80")
    config["trainer"]["max_steps"] = STEPS
    config["model"]["init_args"].update(dropout=0.1, lr=0.01)
    if every is not None:
        config["trainer"]["callbacks"] = [
            {"class_path": "vit.early_stopping.BestHeldOut", "init_args": {"every": every}}
        ]
    config["data"]["init_args"]["train_on"] = train_on
    return trained_in(folder, config, SavesEvery(folder, 5), *callbacks)


def held_out_curve(folder):
    """Updates done -> held-out accuracy."""
    with open(folder / "metrics.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["held_out_accuracy"]]
    return {int(row["step"]) + 1: float(row["held_out_accuracy"]) for row in rows}


def assert_equal(expected, actual):
    for name, tensor in expected.items():
        assert torch.equal(tensor, actual[name]), name


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
        trained(tmp_path, Break(23))
    resumed = trained(tmp_path)
    assert_equal(resumed.model.model.state_dict(), stopped[1].model.model.state_dict())
    assert held_out_curve(tmp_path) == stopped[0]


def test_without_held_out_images_it_is_refused(tmp_path):
    with pytest.raises(UserError, match="early stopping needs held-out images"):
        trained(tmp_path, train_on="all")
