"""Runs of masked patch prediction: broken off, resumed, evaluated, and what starts from them."""

import csv
import math
import sys

import numpy as np
import pytest
import torch
import yaml
from folder_runs import Break, SavesEvery, smoke_config, trained_in
from tiny_runs import FINETUNE, MODEL

from vit.errors import UserError
from vit.plan.cells import digest
from vit.record import FORMAT, NUMBERS, TEXTS, write
from vit.run.cli import lightning_main
from vit.run.progress import result
from vit.tasks import Finetune
from vit.weights import restore, save

SMALL = dict(patch=8, depth=2, width=16, heads=2, mlp=32)


def trained(folder, *callbacks):
    """The CLI after 30 updates in this folder, from a checkpoint if there is one."""
    config = smoke_config("masked-patch-ViT-B-16-fractals")
    config["trainer"] |= {"max_steps": 30, "accumulate_grad_batches": 2}
    config["model"]["init_args"] |= {"options": SMALL, "lr": 0.003, "warmup_steps": 5, "dropout": 0.1}
    config["data"]["init_args"] |= {"categories": 10, "instances": 8, "batch_size": 16, "augment": ["flip"]}
    return trained_in(folder, config, SavesEvery(folder, 10), *callbacks)


def held_out(cli):
    cli.trainer.limit_val_batches = 1.0
    return dict(cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0])


def curve(folder):
    """Rows of metrics.csv."""
    with open(folder / "metrics.csv") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of runs with one that has been trained without a break."""
    runs = tmp_path_factory.mktemp("runs")
    return runs, trained(runs / "pretrain-masked")


def test_broken_off_and_resumed_is_bit_for_bit_the_unbroken_run(finished, tmp_path):
    runs, whole = finished
    with pytest.raises(RuntimeError, match="broken off"):
        trained(tmp_path, Break(26))
    resumed = trained(tmp_path)
    for (name, expected), actual in zip(
        whole.model.state_dict().items(), resumed.model.state_dict().values(), strict=True
    ):
        assert torch.equal(actual, expected), name
    rows = curve(runs / "pretrain-masked")
    assert [int(row["step"]) for row in rows] == list(range(30)) and {"train_loss", "train_accuracy"} <= set(rows[0])
    assert curve(tmp_path) == rows
    assert held_out(resumed) == held_out(whole)


def test_training_lowers_the_loss_and_reaches_the_mask(finished):
    runs, cli = finished
    losses = [float(row["train_loss"]) for row in curve(runs / "pretrain-masked") if row["train_loss"]]
    assert losses[0] == pytest.approx(math.log(512), rel=1e-6) and np.mean(losses[-5:]) < 5
    assert cli.model.mask.abs().sum() > 0
    assert cli.model.model.head.weight.abs().sum() == 0


def test_held_out_images_are_measured_alike_each_time_and_in_any_batches(finished):
    _, cli = finished
    once = held_out(cli)
    assert set(once) == {"held_out_loss", "held_out_accuracy"} and once == held_out(cli)
    cli.datamodule.eval_batch_size = 7
    assert held_out(cli) == pytest.approx(once, rel=1e-5)


def test_fine_tuning_starts_from_its_run(finished):
    runs, cli = finished
    save(cli.model, runs / "pretrain-masked")
    assert not {"mask", "head.0.weight"} & set(restore(runs / "pretrain-masked").state_dict())
    start = {"options": SMALL, "num_classes": 7, "image_size": 48, "init": "pretrain-masked", "runs": str(runs)}
    tuned = Finetune(**MODEL | FINETUNE | start)
    tuned.setup("fit")
    before, after = cli.model.model.state_dict(), tuned.model.state_dict()
    for name, tensor in after.items():
        if not name.startswith(("head", "position")):
            assert torch.equal(tensor, before[name]), name
    assert after["head.weight"].shape == (7, 16) and not after["head.weight"].any()


def test_a_finished_run_without_an_accuracy_is_reported_by_its_loss():
    assert result({"held_out_loss": 0.25421}) == "held out loss 0.2542"
    assert result({"held_out_loss": 0.25421, "held_out_accuracy": 0.5}) == "held out accuracy 50.0%"


@pytest.mark.parametrize("command", ["validate", "test"])
def test_a_finished_run_is_not_evaluated_again_without_the_head_that_it_did_not_keep(
    finished, tmp_path, monkeypatch, command
):
    config = smoke_config("masked-patch-ViT-B-16-fractals")
    folder = tmp_path / f"masked-patch-{digest(config)}"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    save(finished[1].model, folder)
    numbers, texts = dict.fromkeys(NUMBERS, 1.0), dict.fromkeys(TEXTS, "")
    write(folder, {"format": FORMAT, "metrics": {"held_out_loss": 0.1}, "versions": {}, **numbers, **texts})
    arguments = [command, "--config", str(folder / "config.yaml")]
    monkeypatch.setattr(sys, "argv", ["vit", *arguments])
    with pytest.raises(UserError, match=r"without mask, head\.weight, head\.bias") as refused:
        lightning_main(arguments)
    assert "\n" not in str(refused.value)
