"""What loader processes hand over is what the part gives, whoever asks and however long the batches are kept."""

import gc
import multiprocessing
import os
import signal
import time
from contextlib import suppress

import lightning as L
import numpy as np
import pytest
import torch
from plain_data import PLAIN

from data import Digits
from data.batches.batches import Batches
from data.batches.order import SequentialOrder, StepOrder
from data.batches.shared_memory import AHEAD, SharedMemoryLoader
from data.transforms.transform import Transform


@pytest.fixture
def part():
    """37 grey images of 10 x 8, which become 12 x 12."""
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (37, 1, 10, 8), dtype=np.uint8))
    how = Transform(size=12, augment=["inception_crop", "flip"], evaluation="resize", resize="vit_jax")
    return Batches(images, (torch.arange(37), torch.eye(37)), transform=how.augment, seed=1, training=True)


def handover(part, workers=2, order=None):
    order = order or SequentialOrder(length=37, batch_size=4)
    return SharedMemoryLoader(part, order, size=12, workers=workers, pinned=False)


def same(found, expected):
    return len(found) == len(expected) and all(
        len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        for one, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_that_are_kept_are_those_of_the_part_in_order_with_a_smaller_last_one(part, workers):
    """Ten batches, through fewer rooms."""
    assert workers == 5 or workers * AHEAD + 1 < 10
    loader = handover(part, workers)
    expected = [part[place] for place in loader.order]
    assert [len(batch[0]) for batch in expected] == [4] * 9 + [1]
    assert len(loader) == len(expected) == 10
    assert same(list(loader), expected)
    assert same(list(loader), expected)  # and again


def test_two_who_ask_in_turn_do_not_disturb_each_other(part):
    loader = handover(part, workers=1)
    one, other, expected = iter(loader), iter(loader), [part[place] for place in loader.order]
    ahead = [next(one) for _ in range(5)]
    behind = [next(other) for _ in range(5)]
    ahead += [next(one) for _ in range(5)]
    behind += [next(other) for _ in range(5)]
    assert same(ahead, expected)
    assert same(behind, expected)


def test_an_endless_one_has_no_length_and_what_is_given_up_leaves_no_process(part):
    before = len(multiprocessing.active_children())
    loader = handover(part, order=StepOrder(length=37, batch_size=6, seed=0))
    with pytest.raises(TypeError):
        len(loader)
    batches = iter(loader)
    seen = [next(batches) for _ in range(20)]
    assert same(seen, [part[place] for place, _ in zip(loader.order, range(20), strict=False)])
    assert len(multiprocessing.active_children()) == before + 2
    batches.close()
    gc.collect()
    end = time.monotonic() + 30
    while len(multiprocessing.active_children()) > before and time.monotonic() < end:
        time.sleep(0.05)
    assert len(multiprocessing.active_children()) == before


class Sums(L.LightningModule):
    """What it is given in each stage, as sums of pixels and labels."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = torch.nn.Parameter(torch.zeros(())), []

    def training_step(self, batch, _):
        images, labels = batch
        self.seen.append((images.double().sum().item(), labels.tolist()))
        return self.weight * images.mean()

    def validation_step(self, batch, _):
        self.training_step(batch, _)

    def test_step(self, batch, _):
        self.training_step(batch, _)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def seen_by_a_trainer(workers):
    """30 steps with three validations among them, and a test."""
    model, data = Sums(), Digits(image_size=8, batch_size=50, workers=workers, **PLAIN)
    quiet = dict.fromkeys(("logger", "enable_progress_bar", "enable_checkpointing", "enable_model_summary"), False)
    trainer = L.Trainer(accelerator="cpu", devices=1, max_steps=30, max_epochs=-1, val_check_interval=10, **quiet)
    trainer.fit(model, data)
    trainer.test(model, data, verbose=False)
    return model.seen


@pytest.mark.filterwarnings("ignore")
def test_a_trainer_sees_the_same_in_every_stage_and_leaves_no_process():
    before = len(multiprocessing.active_children())
    alone, helped = seen_by_a_trainer(workers=0), seen_by_a_trainer(workers=2)
    assert len(alone) > 33
    assert helped == alone
    assert len(multiprocessing.active_children()) == before


def test_a_process_that_is_killed_is_told_in_one_line(part):
    """As the system does it where memory runs out."""
    before = {process.pid for process in multiprocessing.active_children()}
    batches = iter(handover(part, order=StepOrder(length=37, batch_size=6, seed=0)))
    next(batches)
    workers = [process for process in multiprocessing.active_children() if process.pid not in before]
    for process in workers:
        os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"^a data loading process was killed.*VIT_WORKERS") as raised:
        for _ in range(10):
            next(batches)
    assert "\n" not in str(raised.value)
    with suppress(RuntimeError):  # torch's signal handler may learn of the second death later, within another test
        for process in workers:
            process.join()


def test_more_processes_than_cores_are_no_warning(part, recwarn):
    list(handover(part, workers=os.cpu_count() + 1))
    assert not [one for one in recwarn if "DataLoader" in str(one.message)]
