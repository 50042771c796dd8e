"""Masked patch prediction on plain tensors (Appendix B.1.2): who is corrupted, by what, and what is to be predicted."""

import numpy as np
import pytest
import torch

from vit.objectives.masked_patches import (
    INTACT,
    KEPT,
    MASKED,
    REPLACED,
    corrupt,
    corruption,
    image_draws,
    make_target,
    pixel_patches,
    predicted,
    training_draws,
)

PAPER = dict(corrupted=0.5, masked=0.8, random_patch=0.1, counts="exact", random_patch_from="image")


def draws(images, patches, seed=0):
    return training_draws(seed=seed, step=0, first=0, images=images, numbers=2 * patches)


def as_data_gives_them(levels):
    """Pixel levels 0 .. 255 as the float32 images that a batch holds."""
    return torch.as_tensor(levels).float() / 127.5 - 1


def flat(red, green, blue, side=16):
    """One patch (1, 3, P, P) of a single color, as levels."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).repeat(1, 1, side, side)


@pytest.mark.parametrize(
    ("patches", "corrupted", "numbers"),
    [
        (196, 0.5, (78, 10, 10)),  # 98 patches of ViT-B/16 at 224 px
        (196, 0.15, (23, 3, 3)),  # 29.4 are 29; 23.2, then 26.1 with the replaced, then all 29
        (49, 0.5, (19, 3, 2)),  # 24.5 is 24, to even; 19.2, 21.6
        (16, 0.5, (6, 1, 1)),
    ],
)
def test_every_image_has_the_same_numbers_of_masked_replaced_and_kept_patches(patches, corrupted, numbers):
    fate, _ = corruption(draws(50, patches), **PAPER | {"corrupted": corrupted})
    assert fate.shape == (50, patches)
    for which, count in zip((MASKED, REPLACED, KEPT), numbers, strict=True):
        assert ((fate == which).sum(1) == count).all()
    assert len(predicted(fate)) == 50 * sum(numbers)


def test_every_position_is_as_likely_as_any_other():
    fate, _ = corruption(draws(20_000, 16), **PAPER)
    for which, share in ((MASKED, 6 / 16), (REPLACED, 1 / 16), (KEPT, 1 / 16), (INTACT, 8 / 16)):
        at_position = (fate == which).float().mean(0)
        assert (at_position - share).abs().max() < 5 * (share * (1 - share) / 20_000) ** 0.5


def test_independent_patches_have_those_shares_only_on_average():
    fate, _ = corruption(draws(2_000, 196), **PAPER | {"counts": "independent"})
    for which, share in ((MASKED, 0.4), (REPLACED, 0.05), (KEPT, 0.05), (INTACT, 0.5)):
        assert (fate == which).float().mean() == pytest.approx(share, abs=5 * (share * (1 - share) / 392_000) ** 0.5)
    corrupted = (fate != INTACT).sum(1).float()
    assert corrupted.std() == pytest.approx(7, abs=0.5)  # of 196 fair coins


@pytest.mark.parametrize("origin", ["image", "batch"])
def test_a_replaced_patch_gets_any_other_patch_never_its_own(origin):
    images, patches = 3, 4
    rules = PAPER | {"corrupted": 1.0, "masked": 0.0, "random_patch": 1.0, "random_patch_from": origin}
    index, seen = torch.arange(images * patches).view(images, patches), torch.zeros(12, 12)
    for seed in range(3_000):
        fate, source = corruption(draws(images, patches, seed), **rules)
        assert (fate == REPLACED).all() and (source != index).all()
        seen[index.flatten(), source.flatten()] += 1
    pool = torch.block_diag(*[torch.ones(4, 4)] * 3) if origin == "image" else torch.ones(12, 12)
    pool.fill_diagonal_(0)
    share = 1 / pool[0].sum()
    assert ((seen == 0) == (pool == 0)).all()
    assert (seen / 3_000 - pool * share).abs().max() < 5 * (share * (1 - share) / 3_000) ** 0.5


def test_embeddings_become_the_mask_another_patch_s_or_stay():
    tokens, mask = torch.arange(8.0).view(2, 4, 1), torch.tensor([-1.0])
    fate = torch.tensor([[MASKED, REPLACED, KEPT, INTACT], [INTACT, INTACT, REPLACED, MASKED]])
    source = torch.tensor([[0, 3, 2, 3], [4, 5, 4, 7]])
    assert corrupt(tokens, mask, fate, source).flatten().tolist() == [-1, 3, 2, 3, 4, 5, 4, -1]
    assert predicted(fate).tolist() == [0, 1, 2, 6, 7]


def test_the_gradient_goes_where_the_embedding_came_from():
    tokens, mask = torch.zeros(1, 4, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    fate, source = torch.tensor([[MASKED, REPLACED, MASKED, INTACT]]), torch.tensor([[0, 0, 2, 3]])
    (corrupt(tokens, mask, fate, source).flatten() * torch.tensor([1.0, 2.0, 4.0, 8.0])).sum().backward()
    assert mask.grad.tolist() == [5]
    assert tokens.grad.flatten().tolist() == [2, 0, 0, 8]  # the replaced patch's own embedding is out of sight


def test_draws_are_a_function_of_seed_update_and_index_in_the_global_batch():
    def part(first, images, seed=3, step=7):
        return training_draws(seed=seed, step=step, first=first, images=images, numbers=32)

    whole = part(0, 8)
    assert torch.equal(torch.cat([part(0, 2), part(2, 2), part(4, 4)]), whole)  # devices, micro-batches
    assert whole.min() >= 0 and whole.max() < 1 and len(whole.unique()) == whole.numel()
    for other in (part(0, 8, seed=4), part(0, 8, step=8)):
        assert len(torch.cat([whole, other]).unique()) == 2 * whole.numel()


def test_evaluation_corrupts_an_image_alike_in_any_batch_and_precision():
    images = as_data_gives_them(torch.randint(256, (4, 3, 16, 16), generator=torch.Generator().manual_seed(0)))
    together = image_draws(images, 8)
    assert torch.equal(torch.cat([image_draws(images[:1], 8), image_draws(images[1:], 8)]), together)
    assert torch.equal(image_draws(images.bfloat16(), 8), together)
    assert torch.equal(image_draws(images.double(), 8), together)
    assert len(together.unique()) == 32


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_color_is_64_r_8_g_b_of_the_means_in_steps_of_32(dtype):
    levels = torch.arange(256)
    patches = torch.cat([flat(r, g, b) for r, g, b in zip(levels, levels.flip(0), (levels + 100) % 256, strict=True)])
    actual = make_target("mean_color", patch=16, color_bins="floor").of(as_data_gives_them(patches).to(dtype))
    assert actual.shape == (256, 1)
    assert actual[:, 0].tolist() == [64 * (v // 32) + 8 * ((255 - v) // 32) + (v + 100) % 256 // 32 for v in range(256)]


def almost(level, missing=1):
    """A red patch whose mean lies missing / 256 below a level."""
    patch = flat(level, 0, 0)
    patch[0, 0, 0, :missing] -= 1
    return as_data_gives_them(patch)


@pytest.mark.parametrize(
    ("color_bins", "patch", "red"),
    [
        ("floor", almost(32), 0),  # a mean of 31.996
        ("floor", almost(32, 0), 1),
        ("floor", almost(224), 6),
        ("floor", almost(224, 0), 7),
        ("floor", almost(255, 0), 7),
        ("rounded", almost(32), 1),  # 31.996 is 32
        ("rounded", almost(32, 9), 1),  # 31.965
        ("rounded", as_data_gives_them(torch.tensor([31, 32]).repeat(1, 3, 16, 8)), 1 + 8 + 64),  # 31.5 is 32
        ("rounded", almost(31, 0), 0),
        ("scaled", almost(32, 16), 1),  # 31.94, above 255 / 8 = 31.875
        ("scaled", almost(31, 0), 0),
        ("scaled", almost(255, 0), 7),
        ("scaled", almost(223, 0), 6),  # 223.125 is the edge
        ("scaled", almost(224), 7),
    ],
)
def test_edges_of_the_bins_by_hand(color_bins, patch, red):
    actual = make_target("mean_color", patch=16, color_bins=color_bins).of(patch).item()
    assert actual == (red if red > 7 else 64 * red)


def area_matrix(side):
    """(4, P): the weight of each pixel in the mean of each of 4 blocks, by the length they share."""
    block, pixel = np.arange(4)[:, None] * side / 4, np.arange(side)[None]
    return np.clip(np.minimum(block + side / 4, pixel + 1) - np.maximum(block, pixel), 0, 1) / (side / 4)


@pytest.mark.parametrize("side", [16, 8, 14, 2])
def test_the_downsized_patch_holds_16_means_over_areas(side):
    levels = np.random.default_rng(0).integers(0, 256, (20, 3, side, side))
    a = area_matrix(side)
    means = np.einsum("ij,mcjk,lk->mcil", a, levels.astype(float), a)
    bins = np.floor(means / 32 + 1e-9).astype(int).reshape(20, 3, 16)
    actual = make_target("downsized", patch=side, color_bins="floor").of(as_data_gives_them(levels))
    assert actual.tolist() == (64 * bins[:, 0] + 8 * bins[:, 1] + bins[:, 2]).tolist()


def test_the_16_blocks_stand_in_raster_order():
    levels = torch.zeros(1, 3, 16, 16, dtype=torch.long)
    levels[0, 2, 4:8, 8:12] = 255  # second row, third column
    assert make_target("downsized", patch=16, color_bins="floor").of(as_data_gives_them(levels))[0].tolist() == [
        0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "cells"), [("mean_color", 1), ("downsized", 16)])
def test_colors_are_scored_by_cross_entropy_averaged_over_blocks_and_patches(name, cells):
    random = np.random.default_rng(1)
    target, logits = make_target(name, patch=8, color_bins="floor"), random.normal(size=(5, 512 * cells))
    patches = as_data_gives_them(random.integers(0, 256, (5, 3, 8, 8)))
    colors = target.of(patches).numpy()
    logits[0, :512][colors[0, 0]] += 100  # so that one is right
    rows = logits.reshape(5, cells, 512)
    right = np.take_along_axis(rows, colors[..., None], 2)[..., 0]
    loss, accuracy = target.measure(torch.from_numpy(logits), patches).values()
    assert loss.item() == pytest.approx((np.log(np.exp(rows).sum(2)) - right).mean(), rel=1e-9)
    assert accuracy.item() == pytest.approx((rows.argmax(2) == colors).mean()) and accuracy > 0


def test_a_regression_predicts_every_pixel_in_the_model_s_own_range():
    target = make_target("regression", patch=16, color_bins="floor")
    assert target.outputs == 256 * 3
    random = np.random.default_rng(2)
    levels, predictions = random.integers(0, 256, (5, 3, 16, 16)), random.normal(size=(5, 768))
    measured = target.measure(torch.from_numpy(predictions), as_data_gives_them(levels).double())
    values = ((levels - 127.5) / 127.5).reshape(5, 768)
    assert measured == {"loss": pytest.approx(((predictions - values) ** 2).mean(), rel=1e-6)}


def test_patches_of_pixels_are_in_raster_order_and_what_is_left_over_is_dropped():
    images = torch.arange(2 * 3 * 5 * 7.0).view(2, 3, 5, 7)
    patches = pixel_patches(images, 2)
    assert patches.shape == (2, 6, 3, 2, 2)
    assert torch.equal(patches[1, 4], images[1, :, 2:4, 2:4])  # second row of three patches each, second column


@pytest.mark.parametrize(
    ("change", "patches", "message"),
    [
        ({"corrupted": 0.1}, 4, "0.1 of 4 patches rounds to none"),
        ({}, 1, "rounds to none"),
        ({"corrupted": 1.0}, 1, "an image of one patch has no other patch"),
        ({"counts": "exactly"}, 4, "did you mean 'exact'"),
        ({"random_patch_from": "images"}, 4, "did you mean 'image'"),
    ],
)
def test_what_cannot_be_corrupted_is_said_in_one_line(change, patches, message):
    with pytest.raises(ValueError, match=message):
        corruption(draws(1, patches), **PAPER | change)


def test_unknown_targets_and_bins_are_named():
    with pytest.raises(ValueError, match="did you mean 'mean_color'"):
        make_target("mean_colour", patch=16, color_bins="floor")
    with pytest.raises(ValueError, match="unknown color_bins 'ceil'"):
        make_target("downsized", patch=16, color_bins="ceil")
