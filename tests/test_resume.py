"""A run that breaks off and goes on from its checkpoint ends as an unbroken one: the same weights, metrics and curves."""

import csv

import pytest
import torch
from folder_runs import Break, SavesEvery, smoke_config, trained_in
from lightning.pytorch.callbacks import Callback
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.errors import UserError
from vit.run.checkpoints import LAST, PREVIOUS, resume_point

BROKEN_AT, SAVED_EVERY = 26, 10  # in the middle of an epoch, six updates after a checkpoint


def trained(folder, workers, *callbacks, messages=None):
    """The task after `fit` in this folder, from a checkpoint if there is one; `messages` collects what it logs."""
    config = smoke_config("pretrain-ViT-B-16-fractals-160")
    config["trainer"]["max_steps"] = 40
    config["model"]["init_args"]["dropout"] = 0.1  # random numbers besides those of the data
    config["model"]["init_args"]["options"]["drop_path"] = 0.2  # and more
    config["data"]["init_args"]["workers"] = workers
    log = [].append if messages is None else messages.append
    return trained_in(folder, config, SavesEvery(folder, SAVED_EVERY), *callbacks, log=log).model


def curve(folder):
    """Rows of metrics.csv without the one column that is a clock's."""
    with open(folder / "metrics.csv") as file:
        return [
            {key: value for key, value in row.items() if key != "images_per_second"} for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """(folder, task) of an unbroken run."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, trained(folder, workers=0)


def assert_the_same(whole, folder, task):
    """Weights and curves, bit for bit."""
    for (name, expected), actual in zip(whole[1].state_dict().items(), task.state_dict().values(), strict=True):
        assert torch.equal(expected, actual), name
    rows = curve(whole[0])
    assert [int(row["step"]) for row in rows] == list(range(40))
    assert curve(folder) == rows  # no gap, no row twice
    events = EventAccumulator(str(folder)).Reload()
    assert [event.step for event in events.Scalars("train_loss")] == list(range(40))


def broken(folder, workers=0):
    with pytest.raises(RuntimeError, match="broken off"):
        trained(folder, workers, Break(BROKEN_AT))
    return folder / "checkpoints" / LAST, folder / "checkpoints" / PREVIOUS


@pytest.mark.parametrize(("workers", "micro_batch"), [(0, None), (2, None), (0, 4)])
def test_broken_off_and_resumed_is_bit_for_bit_the_unbroken_run(tmp_path, whole, workers, micro_batch, monkeypatch):
    if micro_batch:
        monkeypatch.setenv("VIT_MICRO_BATCH", str(micro_batch))
        whole = tmp_path / "whole", trained(tmp_path / "whole", 0)  # accumulated, sums are rounded in another order
    last, previous = broken(tmp_path / "broken", workers)
    assert resume_point(tmp_path / "broken", print)[:2] == (last, 20)
    assert torch.load(previous, weights_only=False)["global_step"] == 10
    assert_the_same(whole, tmp_path / "broken", trained(tmp_path / "broken", workers))


def test_without_a_checkpoint_it_starts_again_and_no_curve_has_two_beginnings(tmp_path, whole):
    for checkpoint in broken(tmp_path):
        checkpoint.unlink()
    assert_the_same(whole, tmp_path, trained(tmp_path, 0))


def halved(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_bit_flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [halved, one_bit_flipped, lambda path: path.write_bytes(b"")])
def test_a_damaged_last_checkpoint_falls_back_to_the_one_before_with_one_line(tmp_path, whole, damage):
    messages, (last, _) = [], broken(tmp_path)
    damage(last)
    task = trained(tmp_path, 0, messages=messages)
    assert len(messages) == 1 and messages[0].endswith("last.ckpt: damaged; resuming from previous.ckpt at step 10")
    assert_the_same(whole, tmp_path, task)


def test_with_both_checkpoints_damaged_it_starts_again_with_one_line(tmp_path, whole):
    messages = []
    for checkpoint in broken(tmp_path):
        halved(checkpoint)
    task = trained(tmp_path, 0, messages=messages)
    assert len(messages) == 1 and "last.ckpt: damaged" in messages[0] and "restarts at step 0" in messages[0]
    assert_the_same(whole, tmp_path, task)


def test_a_kill_between_two_renamings_and_in_a_write_leaves_the_previous_one_and_no_litter(tmp_path, whole):
    messages, (last, previous) = [], broken(tmp_path)
    last.replace(previous)
    litter = last.with_name(".last.ckpt.12345.part")
    litter.write_bytes(b"half")
    assert_the_same(whole, tmp_path, trained(tmp_path, 0, messages=messages))
    assert messages == [] and not litter.exists()


def test_a_sound_file_that_is_no_checkpoint_is_one_line_that_says_what_to_do(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    torch.save({"weights": 1}, tmp_path / "checkpoints" / LAST)
    with pytest.raises(UserError, match=r"last\.ckpt: not a checkpoint .*global_step and pieces.*; delete it"):
        resume_point(tmp_path, print)


class Poison(Callback):
    """Makes the weights NaN before update 24."""

    def on_train_batch_start(self, trainer, module, *_):
        if trainer.global_step == 24:
            next(module.parameters()).data.fill_(float("nan"))


def test_a_loss_that_is_not_finite_stops_the_run_with_step_rate_and_the_last_good_checkpoint(tmp_path):
    with pytest.raises(UserError) as stopped:
        trained(tmp_path, 0, Poison())
    message = str(stopped.value)
    assert "loss is nan at step 24 with learning rate 0.000" in message and "\n" not in message
    assert message.endswith("checkpoints/last.ckpt (step 20)")
    assert resume_point(tmp_path, print)[1] == 20
