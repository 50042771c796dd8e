"""Which images a batch holds is a pure function of (seed, step): nothing is saved, and nothing else can change it."""

from itertools import islice
from types import SimpleNamespace

import lightning as L
import numpy as np
import pytest
import torch

from data import Digits
from data.batches.order import LARGE, SequentialOrder, StepOrder, feistel
from data.batches.splits import held_out, stratified
from data.draws import bits, permutation, uniform

COMMON = {"image_size": 8, "batch_size": 96, "train_on": "train", "held_out": 0.1, "split_seed": 0, "seed": 3}
COMMON |= {"evaluation": "resize", "resize": "once"}


def batches(count, **options):
    options = {"length": 50, "batch_size": 16, "seed": 3} | options
    return list(islice(StepOrder(**options), count))


def joined(pairs):
    epochs, indices = zip(*pairs, strict=True)
    return np.concatenate(epochs), np.concatenate(indices)


def test_draws_never_change():
    assert hex(int(bits(1, 2, 3))) == "0x1129a4877030c490"
    assert permutation(8, 1, 2).tolist() == [1, 3, 7, 6, 2, 4, 5, 0]


def test_draws_are_uniform_and_unlike_for_unlike_keys():
    numbers = uniform(0, np.arange(300)[:, None], np.arange(300))
    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < 0.2
    assert len(np.unique(numbers)) == numbers.size
    assert uniform(0, 1) != uniform(1, 0) != uniform(0, 1, 0)


def test_every_epoch_is_a_permutation_of_the_set_and_no_two_are_equal():
    epochs, indices = joined(batches(25))  # 400 positions are 8 epochs of 50
    assert epochs.tolist() == sorted(list(range(8)) * 50)
    orders = indices.reshape(8, 50)
    assert all(sorted(order) == list(range(50)) for order in orders.tolist())
    assert len({tuple(order) for order in orders.tolist()}) == 8


@pytest.mark.parametrize("length", [1, 2, 5, 16, 17, 1000, 4096, 5000])
def test_a_large_set_is_permuted_without_its_order_being_written_down(length):
    """By places: each index once, whichever places are asked for together."""
    places = np.arange(length)
    order = feistel(places, length, 3, 0)
    assert sorted(order.tolist()) == list(range(length))
    assert np.array_equal(feistel(places[::-3], length, 3, 0), order[::-3])
    if length > 100:
        assert not np.array_equal(order, feistel(places, length, 3, 1))
        assert not np.array_equal(order, feistel(places, length, 4, 0))
        assert abs(np.corrcoef(places, order)[0, 1]) < 0.1


def test_large_sets_are_as_random_as_small_ones():
    """300 million images: the places of a batch fall evenly over the set, and the next epoch's elsewhere."""
    length = 303_000_000
    epochs, indices = batches(1, length=length, batch_size=40_000)[0]
    assert (epochs.max(), len(np.unique(indices))) == (0, 40_000)
    counts = np.bincount(indices // (length // 100 + 1), minlength=100)
    assert counts.min() > 300 and counts.max() < 500  # 400 each, more or less
    _, after = batches(1, length=length, batch_size=40_000, start=-(-length // 40_000))[0]
    assert len(np.intersect1d(indices, after)) < 40
    assert length > LARGE


def test_a_batch_may_be_larger_than_the_set():
    epochs, indices = batches(1, length=5, batch_size=12)[0]
    assert epochs.tolist() == [0] * 5 + [1] * 5 + [2] * 2
    assert sorted(indices[:5]) == sorted(indices[5:10]) == list(range(5))


@pytest.mark.parametrize("start", [1, 7, 24])
def test_starting_at_a_step_gives_the_tail(start):
    for whole, tail in zip(batches(30)[start:], batches(30 - start, start=start), strict=True):
        np.testing.assert_array_equal(whole, tail)


def test_another_seed_is_another_order():
    assert batches(1)[0][1].tolist() != batches(1, seed=4)[0][1].tolist()


@pytest.mark.parametrize(("world_size", "micro_batches"), [(1, 4), (2, 1), (4, 2), (2, 8)])
def test_ranks_and_accumulated_batches_share_out_the_same_batch(world_size, micro_batches):
    shares = [
        batches(6 * micro_batches, rank=rank, world_size=world_size, micro_batches=micro_batches)
        for rank in range(world_size)
    ]
    for step, whole in enumerate(batches(6)):
        parts = [share for rank in shares for share in rank[step * micro_batches : (step + 1) * micro_batches]]
        np.testing.assert_array_equal(joined(parts), whole)


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"batch_size 16 .* 3 device"):
        StepOrder(length=50, batch_size=16, seed=0, world_size=3)


def test_evaluation_sees_every_image_once_in_order():
    order = SequentialOrder(length=23, batch_size=10)
    assert [len(indices) for _, indices in order] == [10, 10, 3]
    assert len(order) == 3
    assert joined(order)[1].tolist() == list(range(23))


def test_held_out_and_kept_are_disjoint_and_exhaustive():
    kept, held = held_out(100, 0.2, seed=1)
    assert len(held) == 20
    assert sorted([*kept, *held]) == list(range(100))
    assert held.tolist() != held_out(100, 0.2, seed=2)[1].tolist()


@pytest.mark.parametrize("fraction", [0.0, 0.001, 1.0, -0.1])
def test_a_held_out_fraction_that_leaves_a_part_empty_is_refused(fraction):
    with pytest.raises(ValueError, match=f"held_out={fraction} of 100 training images"):
        held_out(100, fraction, seed=1)


def test_stratified_parts_follow_the_classes():
    labels = np.array([0] * 100 + [1] * 50 + [2] * 10)
    rest, chosen = stratified(labels, 32, seed=0)
    assert sorted([*rest, *chosen]) == list(range(160))
    assert np.bincount(labels[chosen]).tolist() == [20, 10, 2]


def first_batches(count, **options):
    data = Digits(**COMMON | {"augment": ["shift", "flip"]} | options)
    data.setup("fit")
    return list(islice(data.train_dataloader(), count))


def test_workers_change_nothing():
    alone, helped = first_batches(15), first_batches(15, workers=2)
    for (images, labels), (same_images, same_labels) in zip(alone, helped, strict=True):
        assert torch.equal(images, same_images)
        assert torch.equal(labels, same_labels)


def test_loader_follows_the_trainer():
    data = Digits(**COMMON, augment=[])
    data.setup("fit")
    data.trainer = SimpleNamespace(global_step=5, global_rank=1, world_size=2, accumulate_grad_batches=3)
    images, labels = next(iter(data.train_dataloader()))
    whole_images, whole_labels = first_batches(6, augment=[])[5]
    assert torch.equal(labels, whole_labels[48:64])
    assert torch.equal(images, whole_images[48:64])


class Recorder(L.LightningModule):
    """Keeps a digest of every batch that it is trained on."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = []

    def training_step(self, batch, _):
        images, labels = batch
        self.seen.append((images.double().sum().item(), labels.tolist()))
        return self.weight * images.mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def trained(steps, start=None, workers=0):
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
    }
    trainer = L.Trainer(accelerator="cpu", devices=1, max_steps=steps, max_epochs=-1, limit_val_batches=0, **quiet)
    model = Recorder()
    trainer.fit(model, Digits(**COMMON, augment=["shift"], workers=workers), ckpt_path=start, weights_only=False)
    return trainer, model.seen


@pytest.mark.filterwarnings("ignore")
def test_a_resumed_training_sees_what_an_unbroken_one_sees(tmp_path):
    broken, first = trained(17)
    broken.save_checkpoint(tmp_path / "last.ckpt")
    _, rest = trained(30, start=tmp_path / "last.ckpt", workers=2)
    _, whole = trained(30)
    assert len(whole) == 30
    assert first + rest == whole
