"""torchvision's sets, read from small files in their real layout."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image
from torchvision import datasets

from data import CIFAR10, VOC2007, Flowers102, OxfordIIITPet
from data.sets.voc import CLASSES


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


def annotation(path: Path, *objects: tuple[str, int], filename="000001.jpg") -> None:
    """As the devkit writes it; (name, difficult) of each object, of which the first has a part of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    found = [
        f"<object><name>{name}</name><difficult>{difficult}</difficult>{'' if number else part}</object>"
        for number, (name, difficult) in enumerate(objects)
    ]
    path.write_text(f"<annotation><filename>{filename}</filename>{''.join(found)}</annotation>")


def voc(folder: Path) -> Path:
    root = folder / "voc2007/VOCdevkit/VOC2007"
    annotation(root / "Annotations/000005.xml", ("person", 0), ("dog", 1), ("person", 1))
    annotation(root / "Annotations/000007.xml", ("dog", 1), ("dog", 0), ("tvmonitor", 0))
    annotation(root / "Annotations/000001.xml", ("aeroplane", 1))
    for name in ("000005", "000007", "000001"):
        picture(root / f"JPEGImages/{name}.jpg", (200, 0, 0))
    (root / "ImageSets/Main").mkdir(parents=True)
    (root / "ImageSets/Main/trainval.txt").write_text("000005\n000007\n")
    (root / "ImageSets/Main/test.txt").write_text("000001\n")
    return root


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_voc_judges_a_class_by_the_objects_that_are_not_difficult(folder, resize):
    """The challenge: an image with difficult objects of a class only counts neither for nor against that class."""
    voc(folder)
    images, labels = build(VOC2007, resize).checked_arrays("train")
    assert len(images) == 2 and labels.dtype == torch.int8 and labels.shape == (2, 20)
    found = [{CLASSES[c]: int(row[c]) for c in row.nonzero()[:, 0]} for row in labels]
    assert found == [{"person": 1, "dog": -1}, {"dog": 1, "tvmonitor": 1}]
    assert build(VOC2007, resize).checked_arrays("test")[1].tolist() == [[-1] + [0] * 19]
    assert list(CLASSES) == sorted(CLASSES)


def test_voc_is_refused_with_an_object_of_another_class_and_without_its_test_files(folder):
    root = voc(folder)
    (root / "ImageSets/Main/test.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"VOC2007 is not complete.*python -m data fetch VOC2007"):
        build(VOC2007).arrays("test")
    annotation(root / "Annotations/000007.xml", ("unicorn", 0), filename="000007.jpg")
    with pytest.raises(ValueError, match=r"VOC2007: 000007\.jpg: 'unicorn' is not one of its 20 classes"):
        build(VOC2007).arrays("train")
