"""A run that breaks off and goes on from its checkpoint ends as an unbroken one: the same weights, metrics and curves."""

import csv
import sys

import pytest
import torch
import yaml
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.cli import PaperCLI
from vit.errors import UserError
from vit.plan import make_plan
from vit.run_folder import fit, saved_step

BROKEN_AT, SAVED_EVERY = 26, 10


class Break(Callback):
    """Stands for a kill: the run ends in the middle of an epoch, six updates after its last checkpoint."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == BROKEN_AT:
            raise RuntimeError("broken off")


def trained(folder, workers, *callbacks):
    """The task after `fit` in this folder, from a checkpoint if there is one."""
    run = next(run for run in make_plan("smoke").runs.values() if run.id.startswith("pretrain-ViT-B-16-fractals-160"))
    config = yaml.safe_load(yaml.safe_dump(run.config))
    config["trainer"]["max_steps"] = 40
    config["model"]["init_args"]["dropout"] = 0.1  # random numbers besides those of the data
    config["data"]["init_args"]["workers"] = workers
    saver = ModelCheckpoint(
        folder / "checkpoints", filename="last", every_n_train_steps=SAVED_EVERY, enable_version_counter=False
    )
    cli = PaperCLI(args=config, run=False, folder=folder, callbacks=[saver, *callbacks], save_config_callback=None)
    fit(cli.trainer, cli.model, cli.datamodule, folder)
    return cli.model


def curve(folder):
    """Rows of metrics.csv without the one column that is a clock's."""
    with open(folder / "metrics.csv") as file:
        return [
            {key: value for key, value in row.items() if key != "images_per_second"} for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module", autouse=True)
def no_arguments():
    words, sys.argv = sys.argv, sys.argv[:1]  # LightningCLI would read pytest's
    yield
    sys.argv = words


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_off_and_resumed_is_bit_for_bit_the_unbroken_run(tmp_path, workers):
    whole = trained(tmp_path / "whole", workers)
    with pytest.raises(RuntimeError, match="broken off"):
        trained(tmp_path / "broken", workers, Break())
    assert saved_step(tmp_path / "broken" / "checkpoints" / "last.ckpt") == 20
    resumed = trained(tmp_path / "broken", workers)
    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    rows = curve(tmp_path / "whole")
    assert [int(row["step"]) for row in rows] == list(range(40))
    assert curve(tmp_path / "broken") == rows  # no gap, no row twice
    events = EventAccumulator(str(tmp_path / "broken")).Reload()
    assert [event.step for event in events.Scalars("train_loss")] == list(range(40))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 half an archive"])
def test_a_damaged_checkpoint_is_one_line_that_says_what_to_do(tmp_path, content):
    (tmp_path / "last.ckpt").write_bytes(content)
    with pytest.raises(UserError, match=r"last\.ckpt: damaged; remove it"):
        saved_step(tmp_path / "last.ckpt")
