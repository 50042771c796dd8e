"""Parts of the training images: nested subsets for Figure 4, and VTAB's 800 + 200 (Appendix B.1.1)."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from plain_data import PLAIN

from data import Digits, Fractals, UnseenFractals
from data.batches.splits import held_out

COMMON = PLAIN | {"image_size": 8, "batch_size": 4}
FRACTALS = {"categories": 4, "instances": 25, "fractal_seed": 0}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))


def parts(kind, **options):
    module = kind(**COMMON | options)
    module.setup("fit")
    return {name: {image.numpy().tobytes() for image in part.images} for name, part in module.parts.items()}


def test_figure_4_subsets_are_nested_and_share_their_held_out_images():
    sizes, kept, held = (0.03, 0.1, 0.3, 1.0), {}, {}
    for subset in sizes:
        kept[subset], held[subset] = held_out(10_000, 0.01, 7, subset)
    assert [len(kept[subset]) for subset in sizes] == [297, 990, 2970, 9900]
    for small, large in pairwise(sizes):
        assert set(kept[small]) < set(kept[large])
        assert np.array_equal(held[small], held[large])
    assert not set(kept[1.0]) & set(held[1.0])
    assert all(np.array_equal(part, np.sort(part)) for part in kept.values())


def test_the_whole_set_is_divided_as_it_was_before_there_were_subsets():
    kept, held = held_out(20, 0.25, 3)
    assert held.tolist() == sorted(set(range(20)) - set(kept))
    assert np.array_equal(held_out(20, 0.25, 3, 1.0)[0], kept)


def test_another_split_seed_takes_another_subset():
    assert not np.array_equal(held_out(1000, 0.1, 0, 0.1)[0], held_out(1000, 0.1, 1, 0.1)[0])


def test_vtab_trains_on_800_chooses_on_200_and_then_trains_on_these_1000():
    tuned = parts(Digits, held_out=200, subset=800)
    final = parts(Digits, held_out=200, subset=800, train_on="all")
    assert (len(tuned["train"]), len(tuned["val"]), len(final["train"])) == (800, 200, 1000)
    assert tuned["train"] | tuned["val"] == final["train"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subset": 0.0}, "subset=0.0: only 90 images"),
        ({"subset": 91}, "subset=91: only 90 images"),
        ({"subset": -0.5}, "subset=-0.5: only 90 images"),
        ({"subset": 10.5}, "subset=10.5 is neither a fraction nor a whole number of images"),
        ({"held_out": 100}, "held_out=100 of 100 training images"),
        ({"held_out": 2.5}, "held_out=2.5 is neither a fraction nor a whole number of images"),
    ],
)
def test_a_part_that_is_not_there_is_refused(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        parts(UnseenFractals, categories=4, instances=25, **options)


def test_fractals_are_validated_on_further_instances_unless_held_out_ones_are_asked_for():
    further = parts(Fractals, **FRACTALS)
    assert (len(further["train"]), len(further["val"])) == (100, 500)
    divided = parts(Fractals, **FRACTALS, validation="held_out", held_out=0.2)
    assert (len(divided["train"]), len(divided["val"])) == (80, 20)
    assert divided["train"] | divided["val"] == further["train"]
    other = parts(Fractals, **FRACTALS, validation="held_out", held_out=0.2, split_seed=1)
    assert other["val"] != divided["val"]
    with pytest.raises(ValueError, match=r"validation .*'held_out', not 'none'"):
        Fractals(**COMMON, **FRACTALS, validation="none")


@pytest.mark.parametrize("validation", ["further", "held_out"])
def test_subsets_of_fractals_are_nested(validation):
    small, large = (parts(Fractals, **FRACTALS, validation=validation, subset=share) for share in (0.1, 0.3))
    assert len(small["train"]) < len(large["train"]) <= 30
    assert small["train"] < large["train"]
    assert small["val"] == large["val"]
    assert not small["val"] & large["train"]


def test_labels_go_with_their_images():
    whole, part = (Digits(**COMMON, subset=subset) for subset in (1.0, 0.2))
    whole.setup("fit")
    part.setup("fit")
    label = {
        image.numpy().tobytes(): int(label)
        for image, label in zip(whole.parts["train"].images, whole.parts["train"].labels, strict=True)
    }
    found = [label[image.numpy().tobytes()] for image in part.parts["train"].images]
    assert torch.equal(part.parts["train"].labels, torch.tensor(found))
