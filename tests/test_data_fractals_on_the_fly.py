"""Drawn when they are asked for, fractals are those of the pack, in whatever company and by whichever process."""

import numpy as np
import pytest
import torch
from fractal_sets import fractals

from bench.fractals import measure
from data.fractals.ifs import candidates, well_filled
from data.fractals.rendered import rendered
from data.sets.fractals import attempts, grid


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("size", [32, 48, 64, 128, 224])
@pytest.mark.parametrize("color", [False, True])
def test_any_size_in_grey_and_in_color(size, color):
    categories, instances = grid(3, 5)
    lazy = rendered(7, categories, instances, size=size, color=color)
    every = lazy[np.arange(15)]
    assert every.dtype == torch.uint8
    assert every.shape == (15, 3 if color else 1, size, size)
    assert torch.equal(lazy.all().view_as(every), every)
    for indices in ([14, 3, 3], [0], []):  # as many at once as come, in any order
        assert torch.equal(lazy[indices], every[indices])
    assert len(every.flatten(1).unique(dim=0)) == 15


def test_memory_is_bounded_by_drawing_in_parts(monkeypatch):
    lazy = rendered(0, *grid(10, 3), size=32, color=True)
    whole = lazy.all()
    monkeypatch.setattr("data.fractals.rendered.PIXELS", 7 * 32 * 32)  # 7 images a part, the last has 2
    assert torch.equal(lazy.all(), whole)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("size", [32, 224])
def test_a_gpu_draws_the_same_on_the_fly(size, color):
    lazy = rendered(0, *grid(20, 3), size=size, color=color)
    assert torch.equal(lazy.drawn(np.arange(60), "cuda"), lazy.drawn(np.arange(60), "cpu"))
    assert lazy[[0]].device.type == "cpu"


def batches(workers=0, **options):
    """The first training batches, and all of validation and test."""
    data = fractals(categories=5, instances=20, workers=workers, augment=["flip"], **options)
    data.setup("fit")
    data.setup("test")
    train = [batch for batch, _ in zip(data.train_dataloader(), range(16), strict=False)]  # beyond an epoch
    return [*train, *data.val_dataloader(), *data.test_dataloader()]


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # more workers than cores
@pytest.mark.parametrize("workers", [0, 1, 4])
@pytest.mark.parametrize("options", [{}, {"color": True, "validation": "held_out"}, {"subset": 0.3}], ids=str)
def test_batches_on_the_fly_are_those_of_the_pack_whatever_the_workers(workers, options):
    expected, seen = batches(**options), batches(workers, packed=False, **options)
    assert len(expected) == len(seen) > 16
    for ours, theirs in zip(expected, seen, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_on_the_fly_draws_nothing_before_it_is_asked_and_writes_no_file(folder, monkeypatch):
    monkeypatch.setattr("data.fractals.rendered.draw", None)  # drawing would fail
    data = fractals(categories=50, instances=1_000_000 // 50, packed=False)
    data.prepare_data()
    data.setup("fit")
    data.setup("test")
    assert len(data.parts["train"]) == 1_000_000
    assert not list(folder.iterdir())


@pytest.mark.parametrize("packed", [True, False])
def test_subsets_of_figure_4_lie_in_one_another(packed):
    """3, 10, 30 and 100% of the training images, all validated with the same ones."""
    contents, validation = [], []
    for share in (0.03, 0.1, 0.3, 1):
        data = fractals(categories=4, instances=50, color=True, packed=packed, subset=share)
        data.setup("fit")
        part = data.parts["train"]
        contents.append({image.numpy().tobytes() for image in part.images[np.arange(len(part))]})
        validation.append(data.parts["val"].images[np.arange(20)])
    assert [len(images) for images in contents] == [6, 20, 60, 200]
    assert contents[0] < contents[1] < contents[2] < contents[3]
    assert all(torch.equal(validation[0], other) for other in validation)


def test_a_category_is_the_same_in_a_set_of_any_size():
    assert attempts(3, 500)[:40].tolist() == attempts(3, 40).tolist()
    accepted = attempts(3, 40)
    filled = [well_filled(candidates(3, np.arange(40), np.full(40, attempt))) for attempt in range(accepted.max() + 1)]
    assert [int(np.argmax(good)) for good in np.stack(filled, 1)] == accepted.tolist()  # the first that is well filled


def test_the_search_of_many_categories_is_kept_in_a_file(folder, monkeypatch):
    few = attempts(4, 300).copy()
    monkeypatch.setattr("data.sets.fractals.CACHE_FROM", 200)
    attempts.cache_clear()
    assert attempts(4, 300).tolist() == few.tolist()
    assert [path.name for path in folder.glob("*.npy")] == ["fractals2-attempts-300-seed4.npy"]
    attempts.cache_clear()
    monkeypatch.setattr("data.fractals.ifs.well_filled", None)  # a second search would fail
    assert attempts(4, 300).tolist() == few.tolist()
    assert attempts(4, 300) is attempts(4, 300)  # and in a process it is opened once


def test_the_benchmark_compares_every_way_with_plain_numpy():
    rows = measure(sizes=[32], rounds=2)
    assert rows[0]["what"] == "32 px, plain numpy, grey"
    assert {"32 px, grey, on the fly", "32 px, colored, packed"} < {row["what"] for row in rows}
    assert all(row["images/s"] > 0 for row in rows) and rows[0]["ratio"] == 1
