"""Anybody's own pictures, a folder a class: what is read, what is refused, and that it is read once."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from data import ImageFolder
from data.pictures.pictures import Files, Pictures
from vit.paths import ROOT
from vit.plan.schema import DataEntry
from vit.plan.yaml_files import build as build_entry

COMMON = {
    "image_size": 8,
    "batch_size": 4,
    "train_on": "train",
    "held_out": 0.25,
    "split_seed": 0,
    "augment": [],
    "evaluation": "resize",
    "seed": 0,
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path / "mine"


def save(path, color, size=(8, 8), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path, **options)


def fill(root, count=4, size=(8, 8)):
    """Red zebras, green ants; brighter by number."""
    for number in range(count):
        save(root / "zebra" / f"{number}.png", (100 + number, 0, 0), size)
        save(root / "ant" / f"{number}.png", (0, 100 + number, 0), size)


def divided(root, **size):
    fill(root / "train", 4, **size)
    fill(root / "test", 2, **size)


def build(resize="once", **options):
    return ImageFolder(folder="mine", resize=resize, **COMMON | options)


def test_train_and_test_folders_are_the_splits_and_labels_follow_the_alphabet(folder):
    divided(folder)
    module = build()
    assert (module.num_classes, module.class_names) == (2, ["ant", "zebra"])
    images, labels = module.arrays("train")
    assert labels.tolist() == [0] * 4 + [1] * 4
    assert images.shape == (8, 3, 8, 8)
    assert images[:, :, 0, 0].tolist() == [[0, 100 + k, 0] for k in range(4)] + [[100 + k, 0, 0] for k in range(4)]
    assert module.arrays("test")[1].tolist() == [0, 0, 1, 1]


def test_the_number_of_classes_is_known_before_a_picture_is_opened(folder):
    (folder / "train" / "a").mkdir(parents=True)
    (folder / "train" / "b").mkdir()
    (folder / "train" / "b" / "broken.jpg").write_bytes(b"")
    assert build().num_classes == 2


def test_a_folder_a_class_is_divided_by_a_seeded_share_of_each_class(folder):
    fill(folder, 10)
    module = build(test_share=0.3)
    (train, train_labels), (test, test_labels) = module.arrays("train"), module.arrays("test")
    assert train_labels.bincount().tolist() == [7, 7]
    assert test_labels.bincount().tolist() == [3, 3]
    contents = {image.numpy().tobytes() for image in torch.cat([train, test])}
    assert len(contents) == 20
    assert torch.equal(build(test_share=0.3).arrays("test")[0], test)


def test_pictures_of_all_kinds_become_rgb(folder):
    save(folder / "a.png", 200, mode="L")
    save(folder / "b.png", 200, mode="P")
    save(folder / "c.png", (10, 20, 30, 40), mode="RGBA")
    save(folder / "d.jpg", (0, 0, 0, 55), mode="CMYK", quality=100)
    Image.fromarray(np.full((8, 8), 513, np.uint16)).save(folder / "e.png")
    files = Files(sorted(folder.iterdir()), folder)
    seen = {Path(files.name(k)).name: files.picture(k) for k in range(len(files))}
    assert {(image.shape, image.dtype) for image in seen.values()} == {((3, 8, 8), torch.uint8)}
    assert seen["a.png"].unique().tolist() == [200]
    assert seen["c.png"][:, 0, 0].tolist() == [10, 20, 30]
    assert seen["d.jpg"].float().mean() == pytest.approx(200, abs=2)
    assert seen["e.png"].unique().tolist() == [2]  # 513 of 65,535 is 2 of 255


def test_a_picture_that_lies_on_its_side_is_put_upright(folder):
    image = Image.new("RGB", (6, 4))
    image.paste((255, 255, 255), (0, 0, 6, 2))  # upper half white
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    folder.mkdir()
    image.save(folder / "x.jpg", exif=exif, quality=100)
    upright = Files([folder / "x.jpg"], folder).picture(0)
    assert upright.shape == (3, 6, 4)
    assert upright[:, :, 2:].min() > 200
    assert upright[:, :, :2].max() < 50


def test_pictures_of_one_size_keep_it_unless_they_are_resized_once(folder):
    divided(folder, size=(12, 20))
    assert build("vit_jax").arrays("train")[0].shape == (8, 3, 20, 12)
    assert build("once").arrays("train")[0].shape == (8, 3, 8, 8)


@pytest.mark.parametrize("augment", [[], ["inception_crop", "flip"], ["random_crop(10)"]])
def test_pictures_of_different_sizes_are_decoded_when_they_are_needed(folder, augment):
    divided(folder, size=(12, 20))
    save(folder / "train" / "ant" / "wide.png", (0, 0, 255), (40, 9))
    module = build("vit_jax", augment=augment)
    module.setup("fit")
    assert isinstance(module.parts["train"].images, Pictures)
    assert (len(module.parts["train"]), len(module.parts["val"])) == (7, 2)
    images, labels = next(iter(module.train_dataloader()))
    assert images.shape == (4, 3, 8, 8)
    blue = images[:, 2].mean((1, 2)) > 0.9
    assert torch.equal(images[:, 1].mean((1, 2)) > -0.9, (labels == 0) & ~blue)


def test_workers_change_nothing(folder):
    divided(folder, size=(12, 20))
    save(folder / "train" / "ant" / "wide.png", (0, 0, 255), (40, 9))
    seen = []
    for workers in (0, 2):
        module = build("vit_jax", augment=["inception_crop", "flip"], workers=workers)
        module.setup("fit")
        seen.append([images for (images, _), _ in zip(module.train_dataloader(), range(5), strict=False)])
    assert all(torch.equal(one, other) for one, other in zip(*seen, strict=True))


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_a_pack_is_made_once_and_again_when_a_picture_changes(folder, monkeypatch, resize):
    divided(folder)
    first, _ = build(resize).arrays("train")
    assert len(list(folder.parent.glob("*.npy"))) == 1
    with monkeypatch.context() as patch:
        patch.setattr("data.pictures.pictures.decoded", None)  # a second reading would fail
        patch.setattr("data.pictures.pictures.dimensions", None)
        assert torch.equal(build(resize).arrays("train")[0], first)
    save(folder / "train" / "ant" / "0.png", (0, 0, 7))
    changed, _ = build(resize).arrays("train")
    assert changed[0, :, 0, 0].tolist() == [0, 0, 7]
    assert torch.equal(changed[1:], first[1:])


def test_folders_can_be_moved(folder, tmp_path, monkeypatch):
    divided(folder)
    build().arrays("train")
    shutil.move(tmp_path, elsewhere := tmp_path.with_name(tmp_path.name + "-moved"))
    monkeypatch.setenv("VIT_DATA", str(elsewhere))
    build().arrays("train")
    assert len(list(elsewhere.glob("*.npy"))) == 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: shutil.rmtree(root), "mine: no train/ folder"),
        (lambda root: shutil.rmtree(root / "test"), "mine/test: no such folder"),
        (
            lambda root: shutil.rmtree(root / "test" / "ant"),
            "mine/test: no pictures of the class 'ant'",
        ),
        (lambda root: (root / "train" / "bee").mkdir(), "mine/train/bee: no pictures"),
        (lambda root: save(root / "test" / "bee" / "x.png", 1), "no training pictures for the class 'bee'"),
        (lambda root: (root / "train/ant/0.png").write_bytes(b""), "mine/train/ant/0.png is not a readable picture"),
        (lambda root: os.truncate(root / "test/ant/1.png", 40), "mine/test/ant/1.png is not a readable picture"),
    ],
)
@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_what_is_wrong_with_a_folder_is_said_in_one_line(folder, spoil, message, resize):
    divided(folder)
    spoil(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as raised:
        module = build(resize)
        module.setup("fit")
        module.setup("test")
        for loader in (module.val_dataloader(), module.test_dataloader()):
            list(loader)
    assert "\n" not in str(raised.value)
    assert not list(folder.parent.glob("*.part"))


def test_folders_have_names_in_the_data_folder():
    for name in ("/somewhere/mine", "../mine"):
        with pytest.raises(ValueError, match=f"folder must be a name in the data folder .*{name}"):
            ImageFolder(folder=name, resize="once", **COMMON)


def test_a_share_is_for_folders_without_a_test_part(folder):
    divided(folder)
    with pytest.raises(ValueError, match="remove test_share"):
        build(test_share=0.2)
    fill(folder.with_name("plain"))
    for share in (0.0, 1.0):
        with pytest.raises(ValueError, match=f"test_share .*between 0 and 1, not {share}"):
            ImageFolder(folder="plain", test_share=share, resize="once", **COMMON)


def test_files_that_are_no_pictures_are_left_alone(folder):
    divided(folder)
    (folder / "train" / "ant" / "notes.txt").write_text("ants")
    (folder / "train" / "ant" / ".hidden.png").write_text("")
    (folder / "train" / ".git").mkdir()
    assert len(build().arrays("train")[1]) == 8


def test_the_documented_line_of_yaml_is_all_it_takes(folder):
    """As a scale would have it; the rest of a run's data comes from the recipe."""
    text = (ROOT / "docs" / "data.md").read_text()
    line = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.S)[1])
    entry = build_entry(DataEntry, next(iter(line.values())), "docs/data.md")
    divided(folder.with_name(entry.args["folder"]))
    package, name = entry.data.split(".")
    module = getattr(__import__(package), name)(**entry.args, **COMMON, resize="vit_jax")
    module.setup("fit")
    images, _ = next(iter(module.train_dataloader()))
    assert images.shape == (4, 3, 8, 8)
    assert module.num_classes == 2
