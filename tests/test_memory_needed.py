"""`make memory`: what a training takes, counted without computing; against real tensors, by hand, and in the words of a cluster's file."""

from types import SimpleNamespace

import pytest
import torch

from vit.errors import UserError
from vit.models import create_model
from vit.models.memory import kept_bytes
from vit.plan import make_plan
from vit.plan.cells import cost_key
from vit.run.memory_needed import HEAD, Division, counted, needed, of_run, row, rows, trainings

SMALL = {
    "ViT-B/16": dict(patch=8, width=32, depth=4, heads=2, mlp=64),
    "R50+ViT-B/16": dict(units=(1, 1), stem_width=0.5, width=32, depth=2, heads=2, mlp=64),
    "ResNet50x1": dict(units=(2, 2), width_factor=0.5),
    "AxialResNet50": dict(units=(1, 1), width_factor=0.5),
}


def key_of(name, **options):
    return cost_key(name, {**SMALL[name], "num_classes": 5, **options}, 32)


def storages_kept(model, images):
    """Bytes of storages that a forward pass leaves for a backward pass, by their addresses; held, so that none is used twice."""
    known = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    held = {}

    def pack(tensor):
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(images).sum()
    return sum(storage.nbytes() for address, storage in held.items() if address not in known)


@pytest.mark.parametrize("name", SMALL)
def test_without_computing_it_is_what_real_tensors_take(name, monkeypatch):
    monkeypatch.setattr("vit.native.usable.hidden", True)  # what torch's own kernels keep
    torch.manual_seed(0)
    model = create_model(name, image_size=32, num_classes=5, **SMALL[name]).train()
    count = counted(key_of(name), 0.0, "32-true")
    assert count.parameters == sum(parameter.numel() for parameter in model.parameters())
    one, two = (torch.zeros(images, 3, 32, 32) for images in (1, 2))
    assert count.image == kept_bytes(model, two) - kept_bytes(model, one)
    assert count.image.usual + count.once.usual == kept_bytes(model, one).usual
    if name == "ViT-B/16":  # the inputs of blocks are kept by blocks too: nothing is counted besides
        assert count.once.usual < 0.1 * count.image.usual
        assert count.image.usual + count.once.usual == pytest.approx(storages_kept(model, one), rel=0.02)


def test_a_vit_that_is_computed_twice_keeps_a_block_and_the_inputs_of_all():
    small, large = (counted(key_of("ViT-B/16", depth=depth), 0.0, "32-true").image for depth in (2, 10))
    block, inputs = (large.usual - small.usual) / 8, (large.recomputed - small.recomputed) / 8
    assert inputs == 4 * 17 * 32  # 17 tokens of 32 numbers
    assert block > 8 * inputs and large.recomputed < 0.3 * large.usual


def test_dropout_keeps_its_masks_and_bfloat16_half_of_the_rest_and_copies_of_weights():
    plain, dropout, mixed = (counted(key_of("ViT-B/16"), *kind) for kind in ((0.0, ""), (0.1, ""), (0.0, "bf16-mixed")))
    assert dropout.image.usual > plain.image.usual > 1.2 * mixed.image.usual
    assert 2 * 0.7 * plain.parameters < mixed.once.usual < 2 * 1.1 * plain.parameters


def a_run(batch=64, **values):
    config = {
        "model": {"init_args": values},
        "trainer": {"max_steps": 9},
        "data": {"init_args": {"batch_size": batch, "image_size": 32}},
    }
    return SimpleNamespace(cost_key=key_of("ViT-B/16"), config=config, axes={"model": "ViT-B/16"}, recipe="pretrain")


def test_weights_gradients_and_moments():
    count = counted(key_of("ViT-B/16"), 0.0, "")
    adam, average = needed(a_run(optimizer="adam"), Division()), needed(a_run(optimizer="adam", polyak=0.9), Division())
    half = needed(a_run(momentum=0.9, momentum_dtype="bfloat16"), Division())
    once = count.once.usual
    assert (adam.fixed, average.fixed, half.fixed) == tuple(count.parameters * each + once for each in (16, 20, 10))
    assert needed(a_run(momentum=0.9), Division()).fixed == count.parameters * 12 + once
    assert adam.images == 64 and adam.peak == adam.fixed + 1.5 * 64 * count.image.usual


def test_devices_take_a_part_of_the_batch_and_sharded_ones_of_the_weights_too():
    run, count = a_run(optimizer="adam"), counted(key_of("ViT-B/16"), 0.0, "")
    alone, ddp, shard = (needed(run, division) for division in (Division(), Division(4), Division(4, shard=True)))
    assert (ddp.images, ddp.fixed) == (16, alone.fixed) and shard.images == 16
    once = count.once.usual
    assert (
        shard.fixed - once == (alone.fixed - once) // 4 + 16 * count.together and count.together < count.parameters / 2
    )
    assert needed(run, Division(1, shard=True)).fixed == alone.fixed
    assert needed(run, Division(micro_batch=8)).images == 8 and needed(run, Division(32, micro_batch=8)).images == 2
    assert needed(run, Division(recompute=True)).image == count.image.recomputed


def test_the_environment_and_a_cluster_say_how_a_training_is_divided(monkeypatch):
    monkeypatch.setenv("VIT_MICRO_BATCH", "8")
    monkeypatch.setenv("VIT_RECOMPUTE", "1")
    asked = Division.of_environment()
    assert asked == Division(1, False, True, 8)
    assert asked.with_environment({"VIT_SHARD": 1, "VIT_RECOMPUTE": 0, "OTHER": "x"}, devices=16) == Division(
        16, True, False, 8
    )
    assert Division(16, True).words == "16 shard" and asked.words == "1 recompute"


def test_the_table_has_each_kind_of_training_once_the_largest_first():
    plan = make_plan("smoke", ["table5"])
    runs = list(trainings(plan, "table5"))
    kinds = {(run.cost_key, run.recipe, run.config["data"]["init_args"]["batch_size"]) for run in runs}
    assert len(runs) >= len(kinds) > 3 and all(run.keeps_weights for run in runs)
    table = rows(runs[:3], lambda run: Division())
    assert [len(line) for line in table] == [len(HEAD)] * 3
    peaks = {row(needed(run, Division()), Division(), run): needed(run, Division()).peak for run in runs[:3]}
    assert table == sorted(peaks, key=peaks.get, reverse=True)


def test_a_precision_whose_weights_are_not_float32_is_refused():
    with pytest.raises(
        UserError, match="make memory counts trainings in 32-true, bf16-mixed, 16-mixed, not in 64-true"
    ):
        of_run(next(iter(trainings(make_plan("smoke+64-true", ["figure8"]), "figure8"))))
