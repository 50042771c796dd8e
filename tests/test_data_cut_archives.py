"""Tars that are cut short: found, named, refused or used as far as they are whole, and what is known to be lost."""

import os

import pytest
from archive_files import numbers, png, tar
from plain_data import PLAIN

from data import ImageFolder
from data.pictures.archives import open_archives
from data.sets.vtab.dmlab import DMLab

COMMON = PLAIN | {"image_size": 4, "batch_size": 8, "resize": "vit_jax"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kept", ["half a member", "whole members"])
def test_a_tar_that_is_cut_short_is_named_and_its_whole_pictures_can_be_had(folder, kept, capsys):
    path = tar(folder / "cut.tar", {f"{k}.png": png(k) for k in range(4)})
    size = 512 * 2 * 2  # two members: a header and a block of data each
    os.truncate(path, size + (512 + 20 if kept == "half a member" else 0))
    with pytest.raises(ValueError, match=r"cut.tar is truncated \(.*\); .* 2 pictures") as raised:
        open_archives([path])
    assert "\n" not in str(raised.value)
    assert numbers(open_archives([path], on_error="skip")) == [0, 1]


def test_a_tar_with_a_damaged_header_does_not_end_there_in_silence(folder):
    """tarfile takes what is no header for the end: four members of 1,024 bytes each, the third header is damaged."""
    path = tar(folder / "hole.tar", {f"{k}.png": png(k) for k in range(4)})
    data = bytearray(path.read_bytes())
    data[2 * 1024 + 3] ^= 1
    path.write_bytes(data)
    told = r"hole.tar is truncated \(.*byte 2,048 of 10,240\); .* 2 pictures"
    with pytest.raises(ValueError, match=told):
        open_archives([path])
    members = open_archives([path], on_error="skip")
    assert (numbers(members), members.lost) == ([0, 1], (10_240 - 2_048) / 10_240)


def test_a_download_that_had_its_full_length_from_the_start_is_not_whole(folder):
    path = tar(folder / "early.tar", {f"{k}.png": png(k) for k in range(4)})
    os.truncate(path, 2 * 1024)
    os.truncate(path, 2 * 1024 + 2**21)
    with pytest.raises(ValueError, match=r"early.tar is truncated \(.*byte 2,048 of 2,099,200"):
        open_archives([path])
    assert open_archives([path], on_error="skip").lost == 2**21 / (2**21 + 2048)


@pytest.mark.parametrize(
    ("cut", "lost", "of"),
    [
        (2 * 1024, 0, 2 * 1024),  # between two members: what came after, nobody knows
        (2 * 1024 + 30, 30, 2 * 1024 + 30),  # in a header
        (2 * 1024 + 512 + 20, 512 + len(png(2)), 2 * 1024 + 512 + len(png(2))),  # in a picture, whose length is known
    ],
)
def test_of_what_a_cut_has_taken_only_the_member_at_the_end_is_known(folder, cut, lost, of):
    whole = tar(folder / "whole.tar", {"0.png": png(0)})
    path = tar(folder / "cut.tar", {f"{k}.png": png(k) for k in range(4)})
    os.truncate(path, cut)
    assert open_archives([path], on_error="skip").lost == lost / of
    assert open_archives([whole, path], on_error="skip").lost == lost / (of + 10_240)
    assert open_archives([whole]).lost == 0


def cut_tars(folder, part):
    """mine/train.tar and mine/test.tar of 8 pictures, a kilobyte each; one of them ends 30 bytes after its fifth."""
    for name in ("train", "test"):
        tar(folder / "mine" / f"{name}.tar", {f"c{k % 2}/{k}.png": png(k) for k in range(8)})
    os.truncate(folder / "mine" / f"{part}.tar", 1024 * 5 + 30)


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_a_training_tar_that_is_cut_short_ends_a_run_or_gives_what_is_whole(folder, resize, capsys):
    cut_tars(folder, "train")
    options = COMMON | {"resize": resize, "held_out": 0.2}
    with pytest.raises(ValueError, match=r"train.tar is truncated .* 5 pictures"):
        ImageFolder(folder="mine", **options).setup("fit")
    for _ in range(2):
        module = ImageFolder(folder="mine", on_error="skip", skip_limit=0.01, **options)  # 30 bytes of 5,150 are lost
        module.setup("fit")
        module.setup("test")
        assert [len(module.parts[name]) for name in ("train", "val", "test")] == [4, 1, 8]
        assert module.skipped_images() == {"damaged archives": 1}
    assert capsys.readouterr().err.count("train.tar is truncated") == 1
    with pytest.raises(ValueError, match=r"train.tar is truncated .*0.58% .*skip_limit allows 0.10%"):
        ImageFolder(folder="mine", on_error="skip", **options).setup("fit")


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_nothing_is_tested_on_a_test_tar_that_is_cut_short(folder, on_error):
    cut_tars(folder, "test")
    module = ImageFolder(folder="mine", on_error=on_error, skip_limit=1.0, **COMMON)
    module.setup("fit")
    reason = {"raise": "", "skip": "; an incomplete test split"}[on_error]
    told = f"test.tar is truncated .* 5 pictures .*{reason}"
    with pytest.raises(ValueError, match=told):
        module.setup("test")


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_that_holds_for_every_set_that_lies_in_tars(folder, resize):
    for split in ("train", "test"):
        path = tar(folder / "dmlab" / split / "0.tar", {"a.cls": b"1", "a.png": png(1), "b.cls": b"2", "b.png": png(2)})
        os.truncate(path, 2 * 1024)
    options = COMMON | {"resize": resize, "train_on": "all", "on_error": "skip"}
    module = DMLab(**options)
    module.setup("fit")
    assert module.skipped_images() == {"damaged archives": 1}
    with pytest.raises(ValueError, match=r"test/0.tar is truncated .*; an incomplete test split"):
        DMLab(**options).setup("test")


def test_a_cut_between_a_picture_and_its_class_costs_that_sample(folder):
    members = {f"{k}.{kind}": data for k in range(4) for kind, data in (("png", png(k)), ("cls", str(k % 2).encode()))}
    path = tar(folder / "mine" / "train.tar", members)
    tar(folder / "mine" / "test.tar", members)
    os.truncate(path, 3 * 2048 + 1024)  # the last class is missing
    module = ImageFolder(folder="mine", on_error="skip", skip_limit=0.5, **COMMON | {"train_on": "all"})
    module.setup("fit")
    assert module.parts["train"].labels.tolist() == [0, 1, 0]
    assert module.skipped_images() == {"damaged archives": 1}
