"""torchvision's sets, read from small files in their real layout."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image
from torchvision import datasets

from data import CIFAR10, Flowers102, OxfordIIITPet


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def build(kind, resize="once"):
    common = {"image_size": 32, "batch_size": 64, "train_on": "train", "held_out": 0.1, "split_seed": 0, "seed": 0}
    common |= {"evaluation": "resize", "resize": resize}
    return kind(augment=[], **common)


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_cifar10_reads_torchvisions_files(folder, monkeypatch, resize):
    monkeypatch.setattr(datasets.CIFAR10, "_check_integrity", lambda self: True)  # the sums are those of the real files
    monkeypatch.setattr(datasets.CIFAR10, "_load_meta", lambda self: setattr(self, "classes", list("abcdefghij")))
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3072), dtype=np.uint8)
    base = folder / "cifar-10-batches-py"
    base.mkdir()
    for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
        (base / name).write_bytes(pickle.dumps({"data": pixels, "labels": [0, 9, 3, 1]}))
    cifar = build(CIFAR10, resize)
    images, labels = cifar.arrays("train")
    assert cifar.class_names == list("abcdefghij")
    assert torch.equal(images[:4], torch.from_numpy(pixels.reshape(4, 3, 32, 32)))
    assert labels.tolist() == [0, 9, 3, 1] * 5
    assert len(build(CIFAR10, resize).arrays("test")[0]) == 4


def picture(path: Path, color: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 60), color).save(path, quality=100)


def test_flowers_train_on_the_official_training_and_validation_parts(folder, monkeypatch):
    monkeypatch.setattr(datasets.Flowers102, "_check_integrity", lambda self: True)
    for number in range(1, 7):
        picture(folder / f"flowers-102/jpg/image_{number:05d}.jpg", (40 * number, 0, 0))
    scipy.io.savemat(folder / "flowers-102/imagelabels.mat", {"labels": [[1, 2, 3, 4, 5, 102]]})
    scipy.io.savemat(folder / "flowers-102/setid.mat", {"trnid": [[5, 1]], "valid": [[2, 6]], "tstid": [[3, 4]]})
    images, labels = build(Flowers102).arrays("train")
    assert labels.tolist() == [4, 0, 1, 101]
    assert images.shape == (4, 3, 32, 32)
    assert [round(red / 40) for red in images[:, 0].float().mean((1, 2)).tolist()] == [5, 1, 2, 6]
    assert build(Flowers102).arrays("test")[1].tolist() == [2, 3]
    pictures, same = build(Flowers102, "vit_jax").arrays("train")
    assert same.tolist() == labels.tolist()
    assert [(*picture.shape, round(picture[0].float().mean().item() / 40)) for picture in pictures[range(4)]] == [
        (3, 60, 40, red) for red in (5, 1, 2, 6)
    ]


def test_pets_train_on_trainval(folder):
    for name in ("Abyssinian_1", "beagle_2", "pug_3"):
        picture(folder / f"oxford-iiit-pet/images/{name}.jpg", (0, 200, 0))
    lists = folder / "oxford-iiit-pet/annotations"
    lists.mkdir()
    (lists / "trainval.txt").write_text("Abyssinian_1 1 1 1\npug_3 37 2 1\n")
    (lists / "test.txt").write_text("beagle_2 5 2 1\n")
    pets = build(OxfordIIITPet)
    images, labels = pets.arrays("train")
    assert labels.tolist() == [0, 36]
    assert pets.class_names is None  # torchvision lists the two classes of these files, which are not numbers 0 and 1
    assert images[:, 1].float().mean() > 190
    assert build(OxfordIIITPet).arrays("test")[1].tolist() == [4]
    pictures, same = build(OxfordIIITPet, "vit_jax").arrays("train")
    assert same.tolist() == [0, 36]
    assert [picture.shape for picture in pictures[[0, 1]]] == [(3, 60, 40)] * 2
