"""A global batch in parts that fit: given, kept, estimated on a CPU, halved where a device runs out of memory."""

import csv
from types import SimpleNamespace

import pytest
import torch
from folder_runs import smoke_config
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.models import create_model
from vit.plan import make_plan
from vit.run import micro_batch
from vit.run.cli import PaperCLI
from vit.run.micro_batch import (
    MicroBatch,
    after_out_of_memory,
    bytes_per_image,
    images_per_device,
    is_out_of_memory,
    micro_batches_for,
    micro_batches_that_fit,
    smallest_divisor,
)
from vit.run.runner import train


@pytest.fixture(scope="module")
def model():
    return create_model("ViT-B/16", image_size=32, num_classes=10, patch=8, depth=2, width=64, heads=2, mlp=128)


def arranged(batch_size=512, devices=1, model=None, saved=None, minimum=1, log=None, stated=None):
    """micro_batches_for of a Trainer of so many GPUs, or of one CPU where there is a model to estimate."""
    device = torch.device("cpu" if model else "cuda")
    callbacks = [MicroBatch(stated)] if stated else []
    trainer = SimpleNamespace(world_size=devices, strategy=SimpleNamespace(root_device=device), callbacks=callbacks)
    data = SimpleNamespace(batch_size=batch_size, image_size=32)
    return micro_batches_for(trainer, SimpleNamespace(model=model), data, saved=saved, minimum=minimum, log=log)


@pytest.mark.parametrize(
    ("batch_size", "devices", "given", "pieces"),
    [(512, 1, 64, 8), (4096, 8, 64, 8), (512, 2, 1000, 1), (512, 1, 100, 8), (30, 1, 20, 2), (7, 1, 3, 7)],
)
def test_a_given_micro_batch_is_the_largest_allowed(monkeypatch, batch_size, devices, given, pieces):
    monkeypatch.setenv("VIT_MICRO_BATCH", str(given))
    assert arranged(batch_size, devices, saved=2) == pieces


def test_a_run_that_goes_on_takes_as_many_pieces_as_before():
    assert arranged(saved=4) == 4
    assert arranged(saved=4, minimum=8) == 8  # unless they did not fit
    assert arranged(batch_size=30, saved=4) == 1  # or another number of devices divides otherwise


@pytest.mark.parametrize(("devices", "stated", "pieces"), [(1, 64, 8), (8, 64, 1), (2, 256, 1), (4, 1, 128)])
def test_a_stated_micro_batch_is_taken_whatever_fits_and_whatever_was_saved(devices, stated, pieces, model):
    assert arranged(devices=devices, stated=stated, saved=2, minimum=4) == pieces
    assert arranged(devices=devices, stated=stated, model=model) == pieces


def test_a_stated_micro_batch_that_cannot_be_is_one_line(monkeypatch):
    with pytest.raises(UserError, match=r"micro_batch: 64 images .* each of 8 device.* not divisible by 48"):
        arranged(devices=8, stated=48)
    monkeypatch.setenv("VIT_MICRO_BATCH", "64")
    assert arranged(stated=64) == arranged(stated=32) // 2 == 8  # it allows these
    with pytest.raises(UserError, match=r"micro_batch: .* 128 images, but VIT_MICRO_BATCH allows 64; unset it"):
        arranged(stated=128)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_micro_batch_that_is_no_number_is_one_line(monkeypatch, text):
    monkeypatch.setenv("VIT_MICRO_BATCH", text)
    with pytest.raises(UserError, match="VIT_MICRO_BATCH must be a whole number of at least 1"):
        arranged()


def test_a_batch_that_does_not_divide_among_devices_is_one_line():
    with pytest.raises(UserError, match=r"a batch of 512 images is not divisible by 3 devices; .*VIT_DEVICES"):
        images_per_device(512, 3)


def test_the_fewest_equal_pieces():
    assert [smallest_divisor(12, minimum) for minimum in (1, 2, 3, 4, 5, 7, 12)] == [1, 2, 3, 4, 6, 12, 12]
    assert micro_batches_that_fit(512, needed=10, free=10 * 512) == 1
    assert micro_batches_that_fit(512, needed=10, free=10 * 511) == 2
    with pytest.raises(UserError, match=r"one image needs about .*VIT_MICRO_BATCH=1"):
        micro_batches_that_fit(512, needed=10, free=9)


def test_on_a_cpu_the_estimate_decides_and_says_so(monkeypatch, model):
    messages, gradients_and_moments = [], 3 * 4 * sum(parameter.numel() for parameter in model.parameters())
    monkeypatch.setattr(micro_batch, "free_bytes", lambda: 2**40)
    assert arranged(model=model, log=messages.append) == 1 and messages == []
    batch = 512 * micro_batch.PEAK_FACTOR * bytes_per_image(model, 32)
    monkeypatch.setattr(micro_batch, "free_bytes", lambda: batch / 3 + gradients_and_moments)
    assert arranged(model=model, log=messages.append) == 4
    assert len(messages) == 1 and messages[0].startswith(
        "using micro-batches of 128 images: a batch of 512 needs about"
    )
    monkeypatch.setattr(micro_batch, "free_bytes", lambda: gradients_and_moments)
    with pytest.raises(UserError, match="one image needs about"):
        arranged(model=model)


def test_the_count_of_kept_bytes_is_exact_for_a_chain_of_linear_maps():
    """x 12 -> 20 (kept: x) -> tanh (kept: its output) -> 30 (kept: the same output) -> exp (kept: its output)."""

    class Chain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(12, 20), torch.nn.Linear(20, 30)

        def forward(self, images):
            return self.second(self.first(images.flatten(1)).tanh()).exp()

    assert bytes_per_image(Chain(), 2) == 4 * (12 + 20 + 30)


def failed(pieces, devices=1, callbacks=()):
    trainer = SimpleNamespace(accumulate_grad_batches=pieces, world_size=devices, callbacks=callbacks)
    return trainer, SimpleNamespace(batch_size=12 * devices)


def test_memory_that_runs_out_halves_the_micro_batch_until_one_image_is_left():
    assert (
        after_out_of_memory(*failed(1))[0] == 2
        and after_out_of_memory(*failed(2))[0] == 4
        and after_out_of_memory(*failed(4))[0] == 12
    )
    assert "micro-batches of 6 images do not fit into the memory of" in after_out_of_memory(*failed(2))[1]
    with pytest.raises(UserError, match=r"micro-batches of 1 image do not fit .*; take a smaller model"):
        after_out_of_memory(*failed(12))


def test_with_many_devices_or_a_given_micro_batch_it_is_one_line_with_the_next_number(monkeypatch):
    with pytest.raises(UserError, match="same command again with VIT_MICRO_BATCH=6"):
        after_out_of_memory(*failed(1, devices=8))
    monkeypatch.setenv("VIT_MICRO_BATCH", "4")
    with pytest.raises(UserError, match="same command again with VIT_MICRO_BATCH=2"):
        after_out_of_memory(*failed(3))
    monkeypatch.delenv("VIT_MICRO_BATCH")
    with pytest.raises(UserError, match=r"micro-batches of 4 images do not fit .*; lower micro_batch"):
        after_out_of_memory(*failed(3, callbacks=[MicroBatch(4)]))


def test_a_failed_allocation_is_told_from_other_errors():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory")) and is_out_of_memory(MemoryError())
    with pytest.raises(RuntimeError) as failure:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(failure.value)
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


class TooSmall(Callback):
    """A device on which, from update `step` on, micro-batches of more than `images` do not fit."""

    def __init__(self, images, step=0):
        self.images, self.step = images, step

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if trainer.global_step >= self.step and len(batch[1]) > self.images:
            raise torch.OutOfMemoryError("CUDA out of memory")


class Sizes(Callback):
    """The images of every forward pass."""

    def __init__(self):
        self.seen = []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.seen.append(len(batch[1]))


def losses(folder, bar, messages):
    """(step, training loss) of a small pre-training, after whatever attempts it took."""
    run = next(run for run in make_plan("smoke").runs.values() if run.id.startswith("pretrain-ViT-B-32-fractals-80"))
    run.config["model"]["init_args"] |= {
        "dropout": 0.1,
        "mixup": 0.2,
        "cutmix": 1.0,
    }  # none of their draws belongs to a micro-batch
    cli, _ = train(run, folder, bar, messages.append)
    with open(folder / "metrics.csv") as file:
        rows = [(int(row["step"]), float(row["train_loss"])) for row in csv.DictReader(file) if row["train_loss"]]
    return cli.trainer.accumulate_grad_batches, rows


@pytest.mark.parametrize("step", [0, 6])
def test_a_run_that_does_not_fit_goes_on_in_smaller_micro_batches_with_the_same_losses(tmp_path, monkeypatch, step):
    monkeypatch.setenv("VIT_CHECKPOINT_SECONDS", "0")  # after every update
    messages = []
    _, whole = losses(tmp_path / "whole", Callback(), messages)
    pieces, rows = losses(tmp_path / "small", TooSmall(4, step), messages)
    assert pieces == 4 and [line.split("; ")[1] for line in messages] == ["trying 8", "trying 4"]
    assert [update for update, _ in rows] == [update for update, _ in whole] == list(range(10))
    assert [loss for _, loss in rows] == pytest.approx([loss for _, loss in whole], rel=1e-4)


def test_a_run_that_does_not_fit_pair_by_pair_is_one_line(tmp_path):
    with pytest.raises(
        UserError, match="micro-batch of fewer than 2 images would be needed, but mixup and CutMix mix 2"
    ):
        losses(tmp_path, TooSmall(0), [])


def test_lightningcli_takes_a_stated_micro_batch_outside_of_a_runs_folder_too():
    config = smoke_config("finetune-ViT-B-16-scratch-digits")
    stated = {"class_path": "vit.run.micro_batch.MicroBatch", "init_args": {"images": 4}}
    config["trainer"] |= {"max_steps": 2, "logger": False, "enable_checkpointing": False, "callbacks": [stated]}
    cli = PaperCLI(args=config, run=False, save_config_callback=None)
    cli.trainer.callbacks.append(sizes := Sizes())
    cli.trainer.fit(cli.model, cli.datamodule)
    assert sizes.seen == [4] * 8 and cli.trainer.global_step == 2  # batches of 16
