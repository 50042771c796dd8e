"""VTAB-1k as its published lists say: the very images, and every way in which a list can be wrong."""

import pytest
from archive_files import numbers, png
from plain_data import PLAIN

from data import Vtab1k
from data.sets.vtab.vtab1k import TASKS
from vit.paths import ROOT
from vit.plan.yaml_files import read_yaml

COMMON = PLAIN | {"image_size": 8, "batch_size": 4, "resize": "vit_jax", "held_out": 200, "subset": 800}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    monkeypatch.setitem(TASKS, "EuroSAT", ("eurosat", 10, 30))  # of 5,400
    return tmp_path / "vtab-1k" / "eurosat"


def fill(folder, **lengths):
    """Picture k of all says k, and has the class k % 10."""
    number = 0
    for name, count in ({"train800": 800, "val200": 200, "test": 30} | lengths).items():
        lines = []
        for k in range(count):
            path = folder / "images" / name / f"{k:06d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
            lines.append(f"images/{name}/{k:06d}.jpg {number % 10}\n")
            number += 1
        (folder / f"{name}.txt").write_text("".join(lines))
    both = "".join((folder / f"{name}.txt").read_text() for name in ("train800", "val200"))
    (folder / "train800val200.txt").write_text(both.replace("/train800/", "/train800val200/"))


def test_the_tasks_are_those_of_table_9():
    named = [name.removeprefix("VTAB ") for name in read_yaml(ROOT / "experiments" / "table9.yaml")["grid"]["transfer"]]
    assert sorted(TASKS) == sorted(named)
    assert len({folder for folder, _, _ in TASKS.values()}) == 19


@pytest.mark.parametrize("split_seed", [0, 5])
def test_the_images_are_the_listed_ones_whatever_the_seed(folder, split_seed):
    fill(folder)
    module = Vtab1k(task="EuroSAT", **COMMON | {"split_seed": split_seed})
    module.setup("fit")
    module.setup("test")
    assert numbers(module.parts["train"].images) == list(range(800))
    assert numbers(module.parts["val"].images) == list(range(800, 1000))
    assert numbers(module.parts["test"].images) == list(range(1000, 1030))
    for part, first in (("train", 0), ("val", 800), ("test", 1000)):
        labels = module.parts[part].labels.tolist()
        assert labels == [(first + k) % 10 for k in range(len(labels))]
    whole = Vtab1k(task="EuroSAT", **COMMON | {"train_on": "all"})
    whole.setup("fit")
    assert numbers(whole.parts["train"].images) == list(range(1000))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "ImageNet"}, "task must be one of Caltech101, CIFAR-100, .*, not 'ImageNet'"),
        ({"held_out": 0.1}, "held_out: 200 and subset: 800 or 1, not 0.1 and 800"),
        ({"subset": 500}, "held_out: 200 and subset: 800 or 1, not 200 and 500"),
        ({"without": "x.txt@0123456789"}, "`without`.*1,000 listed images"),
    ],
)
def test_nothing_is_drawn_here(options, message):
    with pytest.raises(ValueError, match=message):
        Vtab1k(**COMMON | {"task": "EuroSAT"} | options)


def test_a_class_out_of_range_is_named(folder):
    fill(folder)
    for name in ("train800", "train800val200"):
        change(folder / f"{name}.txt", "000003.jpg 3", "000003.jpg 10")
    with pytest.raises(ValueError, match=r"000003.jpg: class 10 is not one of 0 to 9"):
        Vtab1k(task="EuroSAT", **COMMON).setup("fit")


def change(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "val200.txt").unlink(), r"val200.txt is missing: a list of vtab-1k.zip"),
        (
            lambda root: change(root / "train800.txt", "000003.jpg 3", "000003.jpg 4"),
            r"train800.txt has changed",
        ),
        (lambda root: (root / "test.txt").write_text("x"), r"test.txt has changed"),
    ],
)
def test_a_list_that_changed_is_refused(folder, spoil, message):
    fill(folder)
    first = Vtab1k(task="EuroSAT", **COMMON)
    first.setup("fit")
    first.setup("test")
    spoil(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        module = Vtab1k(task="EuroSAT", **COMMON)
        module.setup("fit")
        module.setup("test")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: fill(root, train800=799), r"train800.txt has 799 images, not 800"),
        (lambda root: fill(root, test=29), r"test.txt has 29 images, not 30"),
        (
            lambda root: change(root / "train800.txt", "000003.jpg 3", "000003.jpg cat"),
            r"train800.txt: line 4 is not a file and its class",
        ),
        (
            lambda root: change(root / "train800.txt", "000003.jpg 3", "000003.jpg"),
            r"train800.txt: line 4 is not a file and its class",
        ),
        (
            lambda root: change(root / "train800.txt", "000003.jpg 3", "000003.jpg 4"),
            r"train800val200.txt differs from train800.txt and val200.txt",
        ),
        (
            lambda root: change(root / "train800.txt", "train800/000003", "train800/000013"),
            r"'images/train800/000013.jpg' is named twice",
        ),
        (
            lambda root: change(root / "val200.txt", "val200/000003", "train800/000003"),
            r"'images/train800/000003.jpg' is named twice",
        ),
        (
            lambda root: change(root / "val200.txt", "val200/000003", "test/000003"),
            r"'images/test/000003.jpg' is named twice",
        ),
        (
            lambda root: change(root / "val200.txt", "images/val200/000000", "../../../secret"),
            r"val200.txt: '../../../secret.jpg' is outside",
        ),
        (
            lambda root: change(root / "val200.txt", "images/val200/000000", "/etc/secret"),
            r"'/etc/secret.jpg' is outside",
        ),
    ],
)
def test_a_wrong_list_is_named_in_one_line(folder, spoil, message):
    fill(folder)
    spoil(folder)
    with pytest.raises(ValueError, match=message) as raised:
        Vtab1k(task="EuroSAT", **COMMON).setup("fit")
    assert "\n" not in str(raised.value)


def test_a_wrong_list_does_not_become_the_known_one(folder):
    fill(folder)
    change(folder / "train800.txt", "000003.jpg 3", "000003.jpg cat")
    with pytest.raises(ValueError, match="line 4"):
        Vtab1k(task="EuroSAT", **COMMON).setup("fit")
    assert not list(folder.glob("*.sha256"))
    fill(folder)
    Vtab1k(task="EuroSAT", **COMMON).setup("fit")
    names = ["test", "train800", "train800val200", "val200"]
    assert sorted(path.name for path in folder.glob("*.sha256")) == [f"{name}.txt.sha256" for name in names]


@pytest.mark.parametrize("count", [6_084, 6_085])
def test_caltech101_has_either_number_of_test_images(count, folder):
    fill(folder.with_name("caltech101"), test=count)
    assert len(Vtab1k(task="Caltech101", **COMMON).arrays("test")[1]) == count
