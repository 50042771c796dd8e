"""The same pictures in folders, in a tar and in a zip: the same classes, or the same refusal, and none is lost in silence."""

import os
import re
import shutil
import subprocess
import tarfile

import pytest
from archive_files import numbers, png, tar
from laid_pictures import COMMON, FORMS, TWO, lay, refused, zipped

from data import ImageFolder, ImageNet
from data.pictures.archives import open_archives
from data.pictures.pictures import Files


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path / "mine"


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_hold_the_same(folder, form):
    for split in ("train", "test"):
        lay(folder, split, [*TWO, "cat/notes.txt", "__MACOSX/cat/._0.png", ".git/x/1.png", "cat/.thumbs/0.png"], form)
    module = ImageFolder(folder="mine", **COMMON)
    images, labels = module.arrays("train")
    assert (module.class_names, labels.tolist()) == (["cat", "dog"], [0] * 5 + [1] * 5)
    assert images[:, 0, 0, 0].tolist() == list(range(10))


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("nested", ["cat/more/1.jpg", "cat/more/most/1.jpg", "loose.png"])
def test_a_picture_that_is_in_no_class_folder_is_refused(folder, form, nested, on_error):
    for split in ("train", "test"):
        lay(folder, split, [*TWO, nested], form)
    refused(
        rf"mine/train.*{re.escape(nested)}.* (different levels|in a subfolder of the class folder|beside the class folders)",
        on_error=on_error,
    )


def test_folders_above_the_classes_may_be_any_if_classes_lie_side_by_side(folder):
    tar(folder / "train-0.tar", {f"train-0/{name}": png(k) for k, name in enumerate(TWO)})
    tar(folder / "train-1.tar", {f"train-1/{name}": png(k) for k, name in enumerate(TWO)})
    assert ImageFolder(folder="mine", **COMMON).class_names == ["cat", "dog"]
    tar(folder / "train-2.tar", {"train/cat/1.png": png(1), "val/cat/1.png": png(1)})
    refused(r"train-2.tar: train/cat/1.png and .*train-2.tar: val/cat/1.png are in folders at different levels")
    tar(folder / "train-2.tar", {"cat/1.png": png(1)})
    refused(r"train-1.tar: train-1/dog/4.png and .*train-2.tar: cat/1.png are in folders at different levels")


@pytest.mark.parametrize("form", FORMS)
def test_every_class_has_test_pictures(folder, form, capsys):
    lay(folder, "train", [*TWO, "eel/0.png"], form)
    lay(folder, "test", TWO[3:7], form)
    refused(r"mine/test: no pictures of the class 'eel'")
    for _ in range(2):
        module = ImageFolder(folder="mine", on_error="skip", **COMMON)
        module.setup("test")
        assert module.parts["test"].labels.tolist() == [0] * 2 + [1] * 2
        assert module.skipped_images() == {"empty classes": 1}
    assert capsys.readouterr().err.count("no pictures of the class 'eel'") == 1


def test_an_empty_class_is_counted_once_where_the_test_split_is_drawn(folder):
    lay(folder, ".", TWO, "folders")
    (folder / "emu").mkdir()
    refused(r"mine/emu: no pictures", test_share=0.2)
    module = ImageFolder(folder="mine", on_error="skip", test_share=0.2, **COMMON)
    module.setup("fit")
    module.setup("test")
    assert (module.class_names, module.skipped_images()) == (["cat", "dog", "emu"], {"empty classes": 1})


def test_a_part_of_pictures_knows_what_the_whole_goes_without(folder):
    path = lay(folder, "train", TWO, "tar")
    for pictures in (Files([path], folder), open_archives([path])):
        pictures.empty = ("emu",)
        assert pictures.select([0]).empty == ("emu",)


@pytest.mark.parametrize("form", FORMS)
def test_a_class_without_training_pictures_is_refused(folder, form):
    lay(folder, "train", TWO, form)
    lay(folder, "test", [*TWO, "emu/1.png"], form)
    refused(r"mine/test: no training pictures for the class 'emu'", on_error="skip")


@pytest.mark.parametrize("name", ["../../evil/1.jpg", "/etc/1.jpg", "cat/../dog/1.jpg", ".."])
@pytest.mark.parametrize("form", ["tar", "zip", "tar in a tar"])
def test_members_that_lie_outside_their_archive_are_refused(folder, name, form):
    members = {"cat/1.png": png(1), name: png(2)}
    path = {"zip": zipped, "tar": tar}.get(form, tar)(folder / f"a.{form[:3]}", members)
    if form == "tar in a tar":
        path = tar(folder / "whole.tar", {"inner.tar": path.read_bytes()})
    expected = f"^{path}: the path of its member '{re.escape(name)}' is outside the archive"
    for on_error in ("raise", "skip"):
        with pytest.raises(ValueError, match=expected):
            open_archives([path], on_error)
    assert not list((folder.parent / "indexes").glob("*.part"))


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_picture_that_is_a_link_or_no_plain_file_in_a_tar_is_refused(folder, kind):
    """A class folder may hold links; a tar of that folder would be without these pictures."""
    path = tar(folder / "a.tar", {"cat/1.png": png(1)})
    with tarfile.open(path, "a") as archive:
        for name in ("cat/notes.txt", "cat/2.png"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, "cat/1.png"
            archive.addfile(link)
    with pytest.raises(
        ValueError,
        match=r"a.tar: cat/2.png is a link or .*; make the tar with --dereference --hard-dereference",
    ):
        open_archives([path])


def test_a_zip_of_windows_has_folders_too(folder):
    assert open_archives([zipped(folder / "a.zip", {"cat\\1.png": png(1)})]).inside(0) == "cat/1.png"
    with pytest.raises(ValueError, match="outside the archive"):
        open_archives([zipped(folder / "b.zip", {"cat\\..\\..\\1.png": png(1)})])


def test_what_macos_adds_is_no_picture_and_no_tar(folder):
    inner = tar(folder / "inner", {"1.JPEG": png(1), "._1.JPEG": b"resource fork"}).read_bytes()
    members = {"._n1.tar": b"resource fork", "n1.tar": inner, "__MACOSX/n1.png": png(2)}
    assert numbers(open_archives([tar(folder / "whole.tar", members)])) == [1]


@pytest.mark.parametrize("kind", [ImageFolder, ImageNet])
@pytest.mark.parametrize(
    ("one", "other"),
    [("train", "train-0.tar"), ("train", "my-train.zip"), ("train.tar", "train.zip"), ("train-0.tar", "train-1.zip")],
)
def test_two_forms_of_one_part_are_refused_with_both_names(folder, kind, one, other):
    root = folder if kind is ImageFolder else folder.parent / "imagenet"
    lay(root, "test", TWO, "folders")
    for name in (one, other):
        split, _, form = name.partition(".")
        lay(root, split, TWO, form or "folders")
    with pytest.raises(ValueError, match=f"{root / one} and {root / other} may hold the same pictures") as raised:
        (ImageFolder(folder="mine", **COMMON) if kind is ImageFolder else ImageNet(**COMMON)).setup("fit")
    assert "\n" not in str(raised.value)


def test_parts_may_lie_in_different_forms(folder):
    lay(folder, "train", TWO, "tar")
    lay(folder, "test", TWO, "zip")
    tar(folder / "latest-backup.tar", {"emu/1.png": png(1)})  # latest is not test
    module = ImageFolder(folder="mine", **COMMON)
    assert [len(module.arrays(split)[1]) for split in ("train", "test")] == [10, 10]


def test_a_refused_archive_leaves_nothing_behind(folder):
    tar(folder / "good.tar", {"cat/1.png": png(1)})
    path = tar(folder / "bad.tar", {"a.png": png(1), "a.cls": b"cat"})
    with pytest.raises(ValueError, match="states no class"):
        open_archives([folder / "good.tar", path])
    assert [name for name in os.listdir(folder.parent / "indexes") if not name.endswith(".lock")] == []


@pytest.mark.parametrize("name", ["train-test.tar", "test_train-0.tar", "train-val.tar"])
def test_an_archive_that_is_called_after_two_parts_is_refused(folder, name):
    """It would be trained on and tested on."""
    for split in ("train", "test"):
        lay(folder, split, TWO, "tar")
    tar(folder / name, {one: png(k) for k, one in enumerate(TWO)})
    refused(rf"{name}: named after two parts, \w+ and \w+; rename it")


@pytest.mark.parametrize("name", ["train-1.tar.gz", "train-1.tgz", "test.tar.zst", "test.7z"])
def test_a_compressed_archive_beside_others_is_no_archive_that_is_passed_over(folder, name):
    for split in ("train", "test"):
        lay(folder, split, TWO, "tar")
    (folder / name).write_bytes(b"packed")
    refused(rf"{name}: a compressed archive .* a plain \.tar or a \.zip")


def test_a_tar_without_the_zeros_of_its_members_is_told_from_a_damaged_one(folder):
    lay(folder, "test", TWO, "tar")
    sparse = folder / "train" / "cat" / "1.png"
    sparse.parent.mkdir(parents=True)
    with sparse.open("wb") as file:
        file.write(png(1))
        file.seek(2**20)
        file.write(b"\1")
    subprocess.run(["tar", "-C", str(folder / "train"), "-S", "-cf", str(folder / "train.tar"), "cat"], check=True)
    shutil.rmtree(folder / "train")
    refused(r"train\.tar: cat/1\.png is a sparse file.*--sparse")


def test_a_class_folder_that_is_a_link_to_nothing_is_no_class_that_is_passed_over(folder):
    for split in ("train", "test"):
        lay(folder, split, TWO, "folders")
    (folder / "train" / "eel").symlink_to(folder / "nowhere")
    refused("train/eel: .*link")
