"""A missing or wrong test part is told before training, by every door; no picture of it is opened."""

import sys

import pytest
from archive_files import png, tar
from plain_data import PLAIN

import data
from data import DTD, JFT300M, EuroSAT, ImageFolder, ImageNet21k, OxfordIIITPet, Retinopathy, Vtab1k

COMMON = PLAIN | {"image_size": 8, "batch_size": 4, "resize": "once"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def lay(root, split, names, form="folders"):
    """Four pictures of each class."""
    members = {f"{name}/{number}.png": png(number) for name in names for number in range(4)}
    if form == "tars":
        tar(root / f"{split}.tar", members)
        return
    for name, content in members.items():
        path = root / split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def own(**options):
    return ImageFolder(**COMMON | {"folder": "pets", "train_on": "all"} | options)


@pytest.mark.parametrize("form", ["folders", "tars"])
@pytest.mark.parametrize("train_on", ["train", "all"])
def test_a_class_of_the_test_part_that_training_lacks_is_an_error(folder, form, train_on):
    lay(folder / "pets", "train", ["cat", "dog"], form)
    lay(folder / "pets", "test", ["cat", "dog", "fox"], form)
    with pytest.raises(ValueError, match="no training pictures for the class 'fox'"):
        own(train_on=train_on).check_test_part()


def test_a_missing_test_part_is_an_error_or_a_line_where_the_run_ends_without_it(folder):
    lay(folder / "pets", "train", ["cat", "dog"])
    with pytest.raises(FileNotFoundError, match=r"pets/test: no such folder"):
        own().check_test_part()
    assert "pets/test: no such folder" in own(train_on="train").check_test_part()


def test_looking_opens_no_picture_and_leaves_no_trace(folder):
    lay(folder / "pets", "train", ["cat", "dog"])
    lay(folder / "pets", "test", ["cat", "dog"])
    for path in (folder / "pets" / "test").rglob("*.png"):
        path.write_bytes(b"no picture")
    module, before = own(on_error="skip"), sorted(folder.rglob("*"))
    assert module.check_test_part() is None
    assert (module.parts, module.skipped_at_setup, module.skipped_groups) == ({}, {}, set())
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("kind, options", [(ImageNet21k, {"release": "fall11"}), (JFT300M, {"classes": 3})])
def test_a_set_for_pre_training_needs_no_test_part_unless_it_is_trained_on_whole(kind, options):
    assert kind(**COMMON | options).check_test_part() is None
    with pytest.raises(ValueError, match="has no test split"):
        kind(**COMMON | options | {"train_on": "all"}).check_test_part()


def retina(folder):
    for name, rows in (
        ("trainLabels.csv", "image,level\na,0\n"),
        ("retinopathy_solution.csv", "image,level,Usage\nb,1,Private\n"),
    ):
        path = folder / "retinopathy" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(rows)
    (folder / "retinopathy" / "test").mkdir()


def test_a_listed_test_picture_that_is_not_there_is_named(folder):
    retina(folder)
    module = Retinopathy(**COMMON | {"train_on": "all"})
    with pytest.raises(FileNotFoundError, match=r"test/b.jpeg: no such file; 1 of 1 test pictures"):
        module.check_test_part()
    (folder / "retinopathy" / "test" / "b.jpeg").write_bytes(b"")
    assert module.check_test_part() is None


def test_a_label_of_the_test_list_beyond_the_classes_is_named(folder, monkeypatch):
    root = folder / "vtab-1k" / "eurosat"
    monkeypatch.setitem(sys.modules["data.sets.vtab.vtab1k"].TASKS, "EuroSAT", ("eurosat", 10, 3))
    lists = {
        "train800": range(800),
        "val200": range(800, 1000),
        "train800val200": range(1000),
        "test": range(1000, 1003),
    }
    root.mkdir(parents=True)
    for name, rows in lists.items():
        lines = [f"images/{row}.jpg {10 if row == 1002 else row % 10}" for row in rows]
        (root / f"{name}.txt").write_text("\n".join(lines))
    module = Vtab1k(**COMMON | {"task": "EuroSAT", "held_out": 200, "subset": 800})
    with pytest.raises(ValueError, match=r"images/1002.jpg: class 10 is not one of 0 to 9"):
        module.check_test_part()


@pytest.mark.parametrize(
    "kind", ["CIFAR10", "Flowers102", "OxfordIIITPet", "MNIST", "Camelyon", "DMLab", "KITTIDistance"]
)
def test_every_set_says_how_to_get_the_test_part(kind, folder):
    with pytest.raises(FileNotFoundError, match=rf"python -m data|{folder}"):
        getattr(data, kind)(**COMMON | {"train_on": "all"}).check_test_part()


def test_a_test_file_without_images_is_an_error(folder):
    class Empty(data.Digits):
        one_source = False

        def arrays(self, split):
            images, labels = super().arrays(split)
            return (images, labels) if split == "train" else (images[:0], labels[:0])

    with pytest.raises(ValueError, match=r"Empty, test: .*no images"):
        Empty(**COMMON).check_test_part()


def test_dtds_parts_are_numbered_by_one_list(folder):
    for part, files in {"train": ["banded/b_0"], "val": ["dotted/d_1"], "test": ["dotted/d_2"]}.items():
        path = folder / "dtd" / "dtd" / "labels" / f"{part}1.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(f"{file}.png" for file in files))
        for file in files:
            picture = folder / "dtd" / "dtd" / "images" / f"{file}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(png(0))
    module = DTD(**COMMON)
    assert [module.arrays(split)[1].tolist() for split in ("train", "test")] == [[0, 1], [1]]
    assert module.test_listing()[1].tolist() == [1]


def test_pets_parts_are_numbered_by_their_lists(folder):
    annotations = folder / "oxford-iiit-pet" / "annotations"
    annotations.mkdir(parents=True)
    for name in ("Beagle_1", "Pug_2", "Pug_3"):
        picture = folder / "oxford-iiit-pet" / "images" / f"{name}.jpg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_bytes(png(0))
    (annotations / "trainval.txt").write_text("Beagle_1 5 2 1\nPug_2 26 2 22\n")
    (annotations / "test.txt").write_text("Pug_3 26 2 22\n")
    module = OxfordIIITPet(**COMMON)
    assert [module.arrays(split)[1].tolist() for split in ("train", "test")] == [[4, 25], [25]]
    (annotations / "test.txt").write_text("Pug_3 38 2 22\n")
    with pytest.raises(ValueError, match=r"images/Pug_3.jpg: class 37 is not one of 0 to 36"):
        module.check_test_part()


def test_eurosats_parts_are_numbered_by_one_list_where_a_class_is_in_one_part_only(folder):
    for name, count in {"Forest": 1, "River": 9}.items():
        for number in range(count):
            path = folder / "eurosat" / "2750" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
    module = EuroSAT(**COMMON)
    counts = {split: module.arrays(split)[1].bincount(minlength=2).tolist() for split in ("train", "test")}
    assert [sum(count) for count in zip(*counts.values(), strict=True)] == [1, 9]
    assert 0 in (counts["train"][0], counts["test"][0])
