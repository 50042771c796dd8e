"""Dropout whose draws belong to images: reproducible, independent, of the right share, in every division of a batch."""

import numpy as np
import pytest
import torch

from data.draws import bits
from vit.models import create_model
from vit.models.dropout import Dropout, drawing_layers, give_keys, image_keys, levels
from vit.models.stochastic_depth import DropPath

UPDATE = {"seed": 7, "step": 3}


def dropped_by(layer, keys, shape):
    layer.keys = keys
    return layer(torch.ones(shape)) == 0


def test_numbers_are_those_of_splitmix64():
    """data.draws has the same hash for numpy."""
    keys = image_keys(**UPDATE, first=5, images=4, layers=3)
    expected = bits(7, 3, np.arange(5, 9)[None], np.arange(3)[:, None])
    assert np.array_equal(keys.numpy().view(np.uint64), expected)
    # the reference implementation's first outputs for state 1234567
    numbers = levels(torch.tensor([1234567]), 12).contiguous().view(torch.int64).numpy().view(np.uint64)
    assert numbers[0].tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_share_is_p_and_the_mean_is_kept(p):
    layer = Dropout(p).train()
    layer.keys = image_keys(**UPDATE, first=0, images=64, layers=1)[0]
    z = layer(torch.ones(64, 1000))
    assert (z == 0).double().mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / z.numel()))
    assert torch.unique(z).tolist() == pytest.approx([0, 1 / (1 - p)], rel=2e-4)
    exact = round(p * 65536) / 65536  # the share that is dropped, by which the rest is divided
    assert z.max().item() == pytest.approx(1 / (1 - exact), rel=1e-6)


def test_images_layers_updates_seeds_and_elements_are_independent():
    shape, layer = (8, 4, 251), Dropout(0.5).train()  # a number of elements that is no multiple of four
    keys = image_keys(**UPDATE, first=0, images=8, layers=2)
    draws = {
        "images": dropped_by(layer, keys[0], shape),
        "layers": dropped_by(layer, keys[1], shape),
        "updates": dropped_by(layer, image_keys(seed=7, step=4, first=0, images=8, layers=1)[0], shape),
        "seeds": dropped_by(layer, image_keys(seed=8, step=3, first=0, images=8, layers=1)[0], shape),
    }
    rows = torch.cat([drawn.flatten(1) for drawn in draws.values()]).double().numpy()
    correlations = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlations).max() < 5 / np.sqrt(rows.shape[1])
    series = rows - rows.mean(1, keepdims=True)
    for lag in (1, 2, 3, 4, 5, 8, 251):
        assert abs((series[:, lag:] * series[:, :-lag]).mean() / series.var()) < 5 / np.sqrt(series.size)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 12])
def test_an_image_loses_the_same_in_every_micro_batch(size):
    layer, z = Dropout(0.3).train(), torch.randn(12, 5, 7)
    layer.keys = image_keys(**UPDATE, first=0, images=12, layers=1)[0]
    expected, parts = layer(z), []
    for first in range(0, 12, size):
        layer.keys = image_keys(**UPDATE, first=first, images=size, layers=1)[0]
        parts.append(layer(z[first : first + size]))
    assert torch.equal(torch.cat(parts), expected)


def test_lines_of_an_image_are_drawn_as_one_image():
    layer, keys = Dropout(0.3).train(), image_keys(**UPDATE, first=0, images=4, layers=1)[0]
    whole, lines = dropped_by(layer, keys, (4, 15, 6)), dropped_by(layer, keys, (12, 5, 6))
    assert torch.equal(whole.view(4, -1), lines.view(4, -1))
    path = DropPath(0.5).train()
    path.keys = image_keys(**UPDATE, first=0, images=64, layers=1)[0]
    branch = path(torch.ones(128, 5, 6), lines=2).view(64, -1)
    assert ((branch == 0).all(1) | (branch == 2).all(1)).all() and 0.2 < (branch == 0).double().mean() < 0.8


def test_gradients_pass_where_elements_were_kept_and_types_stay():
    layer = Dropout(0.25).train()
    layer.keys = image_keys(**UPDATE, first=0, images=3, layers=1)[0]
    for dtype in (torch.float64, torch.bfloat16):
        z = torch.randn(3, 40, dtype=dtype, requires_grad=True)
        out = layer(z)
        out.sum().backward()
        assert out.dtype == z.grad.dtype == dtype and torch.equal(z.grad == 0, out == 0)
        torch.testing.assert_close(z.grad[out != 0], torch.full_like(z.grad[out != 0], 4 / 3))


def test_without_keys_and_in_an_evaluation_it_is_torchs():
    layer, z = Dropout(0.3), torch.randn(6, 5)
    torch.manual_seed(0)
    got = layer.train()(z)
    torch.manual_seed(0)
    assert torch.equal(got, torch.nn.functional.dropout(z, 0.3))
    layer.keys = image_keys(**UPDATE, first=0, images=6, layers=1)[0]
    assert layer.eval()(z) is z
    assert not Dropout(1.0).train()(z).any()


@pytest.mark.parametrize("name", ["ViT-B/16", "Axial-ViT-B/16"])
def test_every_layer_of_a_model_draws_by_itself_and_blocks_compute_images_apart(name):
    torch.manual_seed(0)
    options = dict(patch=8, width=16, depth=2, heads=2, mlp=32, dropout=0.2, drop_path=0.3)
    model = create_model(name, image_size=32, num_classes=5, **options).train()
    torch.nn.init.normal_(model.head.weight)
    layers, images = drawing_layers(model), torch.randn(6, 3, 32, 32)
    blocks = 2 if name.startswith("Axial") else 1  # encoder blocks in one of the model's
    assert len(layers) == 1 + blocks * (
        2 * 3 + 1
    )  # after positions; three of each block, whose last has a stochastic depth
    with torch.no_grad():
        give_keys(layers, image_keys(**UPDATE, first=0, images=6, layers=len(layers)))
        whole = model(images)
        give_keys(layers, image_keys(**UPDATE, first=4, images=2, layers=len(layers)))
        torch.testing.assert_close(model(images[4:]), whole[4:])
        give_keys(layers, image_keys(seed=7, step=4, first=4, images=2, layers=len(layers)))
        assert not torch.allclose(model(images[4:]), whole[4:])
