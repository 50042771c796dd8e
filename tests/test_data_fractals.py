"""A fractal is a pure function of (seed, category, instance); packs of them are whole or absent."""

import hashlib
import os

import numpy as np
import pytest
import torch
from fractal_sets import COMMON, fractals, images

from data import Fractals, UnseenFractals
from data.disk.pack import packed
from data.fractals.chaos_game import draw, pixels, walk
from data.fractals.ifs import affine, candidates
from data.sets.fractals import attempts, grid


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("size", "digest"),
    [
        (32, "648bf7e916ca0169d3439bdba6b487fbbb25d85934e8aa59845a5e1a8791e755"),
        (64, "d03cc9cb96622a24cf31a0e0412236bf025de4c2e1fdb8ce3c26d464629e1b7e"),
        (128, "e327f08cf798f6bc2335b7d2b951b2145ae36e0d0d335406972f1c25adb6df95"),
        (224, "9116b6dcdd79e8622ccf13f5d54a6fe9cef1ef65b257d7a03f03755e5597d276"),
    ],
)
def test_grey_images_never_change(size, digest):
    drawn = images(0, *grid(3, 4), size=size)
    assert hashlib.sha256(drawn.numpy().tobytes()).hexdigest() == digest


def test_an_image_is_the_same_in_any_company():
    categories, instances = grid(10, 20)
    together = images(5, categories, instances, size=32)
    order = np.random.default_rng(0).permutation(200)
    assert torch.equal(images(5, categories[order], instances[order], size=32), together[order])
    assert torch.equal(images(5, categories[77:78], instances[77:78], size=32), together[77:78])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_an_image_is_the_same_on_a_gpu():
    maps = affine(candidates(0, np.arange(200), attempts(0, 200)))
    assert torch.equal(draw(maps.cuda(), 32).cpu(), draw(maps, 32))


def test_every_category_is_drawn_as_a_picture():
    canvas = images(1, *grid(600, 2), size=32)
    filled = (canvas > 0).float().mean((1, 2))
    assert filled.min() > 0.05
    assert filled.max() < 0.9
    assert canvas.float().std((1, 2)).min() > 20


def test_every_picture_reaches_the_margins_of_its_canvas():
    canvas = images(2, *grid(50, 4), size=64) > 0
    for side in (canvas.any(1), canvas.any(2)):  # columns, rows (B, S)
        assert side[:, [2, 61]].all()
        assert not side[:, [0, 1, 62, 63]].any()


def test_points_lie_on_the_attractor():
    """The Sierpinski triangle: no point falls into the triangle that the first step leaves out."""
    half = torch.eye(2, dtype=torch.float64) / 2
    corners = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]], dtype=torch.float64)
    maps = torch.cat([half.expand(3, 2, 2), corners[:, :, None]], -1)[None]
    x, y = walk(maps, torch.empty(100, 2, 128, 1)).unbind(1)
    assert x.shape == (100, 128, 1)
    assert torch.all((x >= 0) & (y >= 0) & (x + y <= 1))
    assert not torch.any((x < 0.499) & (y < 0.499) & (x + y > 0.501))
    thirds = [((x >= 0.5).float().mean()), (y >= 0.5).float().mean()]
    assert all(abs(third - 1 / 3) < 0.02 for third in thirds)


def test_categories_differ_more_than_their_instances():
    categories, instances = grid(30, 20)
    drawn = images(0, categories, instances, size=32).flatten(1).float()
    distance = torch.cdist(drawn, drawn).fill_diagonal_(float("inf"))
    nearest = categories[distance.argmin(1).numpy()]
    assert (nearest == categories).mean() > 0.9
    assert torch.all(distance > 0)  # no image twice


def test_another_seed_is_another_set():
    assert not torch.equal(images(0, *grid(2, 1), size=32), images(1, *grid(2, 1), size=32))


def test_smaller_sets_are_subsets():
    large, labels = fractals(categories=4, instances=3).arrays("train")
    small, small_labels = fractals(categories=2, instances=2).arrays("train")
    assert labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert torch.equal(large[[0, 1, 3, 4]], small)
    assert torch.equal(labels[[0, 1, 3, 4]], small_labels)


def test_parts_are_further_instances_of_the_same_categories():
    data = fractals(categories=7, instances=3)
    data.setup("fit")
    data.setup("test")
    parts = data.parts
    assert {name: len(part) for name, part in parts.items()} == {"train": 21, "val": 500, "test": 500}
    assert data.num_classes == 7
    assert set(parts["val"].labels.tolist()) == set(parts["test"].labels.tolist()) == set(range(7))
    together = torch.cat([part.images for part in parts.values()])
    assert len(together.flatten(1).unique(dim=0)) > 1015  # at 16 px two drawings may look alike by chance


def test_training_on_all_leaves_no_validation():
    data = fractals(train_on="all")
    data.setup("fit")
    assert data.val_dataloader() == []
    assert len(data.parts["train"]) == 12


def test_unseen_fractals_are_of_other_categories():
    data = UnseenFractals(categories=5, instances=4, **COMMON | {"held_out": 0.25})
    data.setup("fit")
    data.setup("test")
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 15, "val": 5, "test": 125}
    assert data.num_classes == 5
    expected = images(0, 1_000_000 + np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5), size=16)
    assert torch.equal(data.arrays("train")[0], expected)


@pytest.mark.parametrize("name", ["categories", "instances"])
@pytest.mark.parametrize("value", [0, 1_000_001, 2.5, True, "10"])
def test_sets_that_would_reach_into_other_parts_are_refused(name, value):
    for kind in (fractals, lambda **options: UnseenFractals(**COMMON | {"categories": 2, "instances": 2} | options)):
        with pytest.raises(ValueError, match=f"^{name} .*1 to 1,000,000, not {value!r}$"):
            kind(**{name: value})


def test_a_pack_is_made_once(folder, monkeypatch):
    fractals().prepare_data()
    assert sorted(path.name for path in folder.glob("*.npy")) == ["fractals2-4x3-16px-seed0.npy"]
    first, _ = fractals().arrays("train")
    monkeypatch.setattr(Fractals, "blocks", None)  # a second rendering would fail
    again, _ = fractals().arrays("train")
    assert torch.equal(first, again)
    assert torch.equal(torch.from_numpy(np.load(folder / "fractals2-4x3-16px-seed0.npy")), first)


@pytest.mark.parametrize("length", [0, 100, 500])
def test_a_pack_that_is_cut_short_is_made_again(folder, length, capfd):
    whole = fractals().arrays("train")[0].clone()
    path = folder / "fractals2-4x3-16px-seed0.npy"
    os.truncate(path, length)
    assert torch.equal(fractals().arrays("train")[0], whole)
    assert capfd.readouterr().err == f"{path} has the wrong size; making it again\n"


def test_a_failure_leaves_no_pack_behind(folder):
    def damaged():
        yield np.zeros((1, 2, 2), np.uint8)
        raise ValueError("a damaged picture")

    with pytest.raises(ValueError, match=r"^a damaged picture$"):
        packed(folder / "x.npy", (2, 2, 2), damaged)
    assert [path.name for path in folder.iterdir()] == [".x.npy.lock"]


def test_what_a_killed_process_left_is_written_over(folder):
    (folder / ".x.npy.part").write_bytes(b"half a file, and longer than the whole" * 99)
    made = packed(folder / "x.npy", (2, 2, 2), lambda: [np.full((2, 2, 2), 7, np.uint8)])
    assert torch.equal(made, torch.full((2, 2, 2), 7, dtype=torch.uint8))
    assert not (folder / ".x.npy.part").exists()


def test_a_pack_opened_for_reading_cannot_be_changed(folder):
    opened, _ = fractals().arrays("train")
    whole = opened.clone()
    opened.zero_()
    assert torch.equal(fractals().arrays("train")[0], whole)


def test_pixels_are_inside_the_canvas():
    across = torch.tensor([[[-3.0, 5.0]], [[0.5, 5.0]], [[4.0, 5.0]]])  # the second image is a single point
    indices = pixels(torch.stack([across, -across], dim=1), 32, out=torch.empty(6, dtype=torch.int32))
    assert [divmod(index, 32) for index in indices[:, 0, 0].tolist()] == [(30, 1), (16, 16), (1, 30)]  # row, column
    assert [divmod(index - 32 * 32, 32) for index in indices[:, 0, 1].tolist()] == [(1, 1)] * 3
