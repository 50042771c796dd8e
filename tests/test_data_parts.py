"""Which parts a folder of pictures has: train and test or val; one class, an archive of everything and unread tables are named."""

import pytest
from archive_files import png, tar
from laid_pictures import COMMON, FORMS, TWO, lay, refused

from data import ImageFolder


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path / "mine"


@pytest.mark.parametrize("form", FORMS)
def test_val_is_the_test_part_where_there_is_no_test_and_that_is_said(folder, form, capsys):
    lay(folder, "train", TWO, form)
    lay(folder, "val", TWO[4:6], form)
    module = ImageFolder(folder="mine", **COMMON)
    module.setup("test")
    assert module.parts["test"].labels.tolist() == [0, 1]
    line = f"{folder}: no test part, so val is used"
    assert capsys.readouterr().err.count(line) == 1


@pytest.mark.parametrize("form", FORMS)
def test_val_beside_test_is_said_to_be_unused(folder, form, capsys):
    for split, names in (("train", TWO), ("val", TWO), ("test", TWO[4:6])):
        lay(folder, split, names, form)
    module = ImageFolder(folder="mine", **COMMON)
    module.setup("test")
    assert module.parts["test"].labels.tolist() == [0, 1]
    line = f"{folder}: val is not used: "
    assert capsys.readouterr().err.count(line) == 1


def test_what_lies_beside_the_parts_and_is_not_used_is_said(folder, capsys):
    for split in ("train", "test"):
        lay(folder, split, TWO, "folders")
    lay(folder, "extra", TWO, "folders")
    tar(folder / "latest-backup.tar", {"emu/1.png": png(1)})
    (folder / "README.md").write_text("mine")
    ImageFolder(folder="mine", **COMMON)
    assert "(train, test, val): extra, latest-backup.tar\n" in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_pictures_of_one_class_are_refused(folder, form, on_error):
    for split in ("train", "test"):
        lay(folder, split, TWO[:5], form)
    refused(r"mine: pictures of only one class, 'cat'; a part needs two classes or more$", on_error=on_error)


@pytest.mark.parametrize("table", ["labels.csv", "train/labels.txt", "train/cat/labels.json"])
def test_a_table_of_labels_that_is_not_read_is_named_where_there_is_one_class(folder, table):
    for split in ("train", "test"):
        lay(folder, split, TWO[:5], "folders")
    (folder / table).write_text("0.png,1")
    refused(rf"only one class, 'cat'; .*not read from {table} in {folder}")


def test_loose_pictures_beside_a_table_are_told_as_that(folder):
    lay(folder, "train", [f"{k}.png" for k in range(9)], "folders")
    (folder / "train" / "labels.csv").write_text("0.png,1")
    refused(r"mine/train: no class folders; it contains labels\.csv, 9 pictures; sort its pictures into a folder")
    lay(folder.with_name("flat"), ".", [f"{k}.png" for k in range(9)], "folders")
    with pytest.raises(ValueError, match=r"flat: no train/ folder .* it contains 9 pictures; either"):
        ImageFolder(folder="flat", **COMMON)


def test_a_part_of_one_class_is_refused_even_where_classes_may_be_empty(folder):
    lay(folder, "train", TWO, "folders")
    lay(folder, "test", TWO[:5], "folders")
    refused(r"mine/test: pictures of only one class, 'cat'", on_error="skip")


def test_a_class_of_which_test_share_leaves_nothing_is_refused(folder):
    lay(folder, ".", [*TWO, *(name.replace("cat", "eel") for name in TWO[:1])], "folders")
    refused(r"mine: test_share 0\.2 leaves no (train|test) picture of the class 'eel'; add pictures", test_share=0.2)


def test_a_class_of_unreadable_pictures_is_told_and_counts_as_empty(folder, capsys):
    for split in ("train", "test"):
        lay(folder, split, [*TWO, "eel/0.png", "eel/1.png"], "folders")
        for number in (0, 1):
            (folder / split / "eel" / f"{number}.png").write_bytes(b"no picture")
    module = ImageFolder(folder="mine", **COMMON | {"on_error": "skip", "skip_limit": 0.5, "train_on": "all"})
    module.setup("fit")
    assert module.skipped_images() == {"train": 2, "empty classes": 1}
    assert f"{folder}/train/eel: none of its 2 pictures can be read" in capsys.readouterr().err


@pytest.mark.parametrize("options", [{}, {"on_error": "skip", "skip_limit": 0.001}])
@pytest.mark.parametrize(("whole", "line"), [(True, "none of the 2 pictures of the class 'eel'"), (False, "eel/0.png")])
def test_a_class_that_cannot_be_read_at_all_is_told_as_that_and_one_picture_as_one(folder, options, whole, line):
    lay(folder, "train", [*TWO, "eel/0.png", "eel/1.png"], "folders")
    lay(folder, "test", TWO, "folders")
    for number in (0, 1)[: 2 if whole else 1]:
        (folder / "train" / "eel" / f"{number}.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=line) as raised:
        ImageFolder(folder="mine", **COMMON | {"resize": "once"} | options).setup("fit")
    assert "\n" not in str(raised.value) and ("of the class 'eel' can be read" in str(raised.value)) == whole


@pytest.mark.parametrize("name", ["data.zip", "data.tar", "data.tar.gz", "../mine.zip", "../mine.tgz"])
@pytest.mark.parametrize("share", [None, 0.2])
def test_an_archive_of_everything_is_named_with_how_to_use_it(folder, name, share):
    folder.mkdir()
    (folder / name).resolve().write_bytes(b"packed")
    refused(rf"{name.removeprefix('../')} is an archive, and {folder} has no train.*; unpack", test_share=share)


@pytest.mark.parametrize("form", FORMS)
def test_the_data_folder_may_have_spaces_in_its_name(folder, form, monkeypatch):
    spaced = folder / "my own data"
    monkeypatch.setenv("VIT_DATA", str(spaced))
    for split in ("train", "test"):
        lay(spaced / "mine", split, [name.replace("cat", "big cat") for name in TWO], form)
    for resize in ("once", "vit_jax"):
        module = ImageFolder(folder="mine", **COMMON | {"resize": resize, "train_on": "all", "on_error": "skip"})
        module.setup("fit")
        assert (module.class_names, len(module.parts["train"])) == (["big cat", "dog"], 10)


def test_a_part_that_is_missing_is_told_with_what_lies_there(folder):
    lay(folder, "train", TWO, "folders")
    lay(folder, "validation", TWO, "folders")
    refused(r"mine/test: no such folder; .*mine contains train/, validation/", FileNotFoundError)


def test_a_test_part_that_is_the_training_part_is_refused(folder):
    lay(folder, "train", TWO, "folders")
    (folder / "test").symlink_to(folder / "train")
    refused(r"test and .*train are the same folder")


def test_only_archives_belong_to_a_part(folder, capsys):
    for split in ("train", "test"):
        lay(folder, split, TWO, "folders")
    (folder / "train-0001.parquet").write_bytes(b"unread")
    ImageFolder(folder="mine", **COMMON)
    assert "(train, test, val): train-0001.parquet" in capsys.readouterr().err
