"""Batches are prepared where the model is. "meta" is a device whose tensors have no values: what mixes it with the CPU fails."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_data_transforms import SIDES, noise, some_boxes

from data.batches.batches import Batches
from data.batches.loading import batch_device, move_if_small, worker_count
from data.fractals.rendered import rendered
from data.pictures.pictures import Files
from data.transforms.augment import AUGMENTATIONS, at_once, one_by_one
from data.transforms.crops import CROPS
from data.transforms.evaluation import EVALUATIONS
from data.transforms.resize import RULES, by_products, crop_and_resize
from data.transforms.transform import Transform

NUMBERS = {
    "random_crop": "(40)",
    "pad_crop": "(4)",
    "color": "(0.4)",
    "cutout": "(9)",
    "rand_augment": "(9)",
    "random_erasing": "(0.9)",
    "central_crop": "(40)",
    "squashed_crop": "(40)",
}
WORDS = [word + NUMBERS.get(word, "") for word in [*CROPS, *AUGMENTATIONS]]
ON_CPU = ["rand_augment(9)"]  # computed there, and "meta" has no values to copy
DRAW = 0, np.arange(12), np.arange(12)
OTHER_RULES = sorted(set(RULES) - {"once", "vit_jax"})
CPU, GPU, META = (torch.device(name) for name in ("cpu", "cuda", "meta"))


def transform(word=None, evaluation="resize", rule="vit_jax"):
    return Transform(size=32, augment=[word] if word else [], evaluation=evaluation, resize=rule)


def with_rules(words):
    """Every word by one rule of resizing, and every rule by the first word: all resize by the same function."""
    return [*((word, "vit_jax") for word in words), *((next(iter(words)), rule) for rule in OTHER_RULES)]


@pytest.mark.parametrize(("height", "width"), SIDES)
@pytest.mark.parametrize(("word", "rule"), with_rules([word for word in WORDS if word not in ON_CPU]))
def test_every_augmentation_stays_on_the_images_device(word, height, width, rule):
    images, change = noise(height, width), transform(word, rule=rule).augment
    here, there = change(images, *DRAW), change(images.to(META), *DRAW)
    assert there.device == META
    assert (there.shape, there.dtype) == (here.shape, here.dtype)


@pytest.mark.parametrize(("height", "width"), SIDES)
@pytest.mark.parametrize(("word", "rule"), with_rules(EVALUATIONS))
def test_every_evaluation_stays_on_the_images_device(word, height, width, rule):
    images, change = noise(height, width), transform(evaluation=word + NUMBERS.get(word, ""), rule=rule).evaluate
    here, there = change(images), change(images.to(META))
    assert there.device == META
    assert (there.shape, there.dtype) == (here.shape, here.dtype)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize(("height", "width"), SIDES)
def test_crops_all_at_once_are_those_of_one_call_an_image(height, width, rule):
    images, boxes = noise(height, width), some_boxes(noise(height, width))
    expected = crop_and_resize(list(images), boxes, 24, rule)
    assert torch.allclose(by_products(images, boxes, 24, rule), expected, atol=1e-3)


def test_mirrors_all_at_once_are_those_of_one_by_one():
    images, mirrored = noise(20, 20), torch.arange(12) % 3 == 0
    assert torch.equal(at_once(images, mirrored), one_by_one(images, mirrored))


def test_a_batch_is_prepared_where_it_is_asked_for_wherever_the_images_lie():
    drawn = rendered(0, np.zeros(40, int), np.arange(40), size=32)
    for images in (noise(32, 32, count=40), noise(32, 32, count=40).to(META), drawn):
        labels = torch.arange(40)
        batches = Batches(images, (labels,), transform=transform("flip").augment, seed=0, training=True, device=META)
        found, classes = batches[np.zeros(5, int), np.arange(5)]
        assert found.device == META
        assert found.shape == (5, 3, 32, 32)
        assert torch.equal(classes, labels[:5])


@pytest.mark.parametrize(
    ("root", "workers", "kind", "expected"),
    [
        (CPU, 0, "tensor", CPU),
        (GPU, 0, "tensor", GPU),
        (GPU, 2, "tensor", GPU),  # workers have nothing to decode
        (GPU, 0, "drawn", GPU),
        (GPU, 2, "drawn", CPU),
        (GPU, 0, "pictures", CPU),
        (torch.device("mps"), 0, "tensor", CPU),  # knows no float64
        (None, 0, "tensor", CPU),
    ],
)
def test_which_batches_are_prepared_on_the_gpu(tmp_path, root, workers, kind, expected):
    images = {
        "tensor": noise(8, 8),
        "drawn": rendered(0, np.zeros(4, int), np.arange(4), size=32),
        "pictures": Files([], tmp_path),
    }
    trainer = root and SimpleNamespace(strategy=SimpleNamespace(root_device=root))
    assert batch_device(images[kind], workers, trainer) == expected


def test_images_go_along_if_they_are_few_enough_to_stay(monkeypatch):
    images = noise(8, 8)
    monkeypatch.setattr("data.batches.loading.RESIDENT", 12 * 3 * 8 * 8)
    assert move_if_small(images, META).device == META
    monkeypatch.setattr("data.batches.loading.RESIDENT", 12 * 3 * 8 * 8 - 1)
    assert move_if_small(images, META).device == CPU


@pytest.mark.parametrize(
    ("root", "workers", "kind", "expected"),
    [
        (GPU, None, "pictures", 3),  # 6 cores for 2 devices
        (GPU, 0, "pictures", 0),
        (GPU, 5, "pictures", 5),
        (GPU, 1000, "pictures", 20),  # as many as there are cores
        (GPU, 5, "tensor", 0),  # prepared on the GPU
        (CPU, None, "pictures", 0),  # the model has the cores
        (CPU, 5, "tensor", 5),
        (None, None, "pictures", 0),
    ],
)
def test_how_many_processes_load_a_part(tmp_path, monkeypatch, root, workers, kind, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    monkeypatch.setattr("os.cpu_count", lambda: 20)
    images = {"tensor": noise(8, 8), "pictures": Files([], tmp_path)}[kind]
    trainer = root and SimpleNamespace(strategy=SimpleNamespace(root_device=root), num_devices=2)
    there = batch_device(images, workers, trainer)
    part = Batches(images, (torch.arange(12),), transform=None, seed=0, training=True, device=there)
    assert worker_count(part, workers, trainer) == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("word", "rule"), with_rules(WORDS))
def test_a_gpu_prepares_the_same_images(word, rule):
    images, change = noise(90, 75), transform(word, rule=rule).augment
    error = (change(images.to(GPU), *DRAW).cpu() - change(images, *DRAW)).abs()
    assert error.mean() < 1e-3  # of 255; truncated levels may differ by one where rounding does
