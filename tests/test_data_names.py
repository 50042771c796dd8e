"""Names of files are bytes: those that are no UTF-8 are read, hashed like others, and shown escaped."""

import os
import sys

import pytest
from archive_files import numbers, png
from plain_data import PLAIN

from data import ImageFolder
from data.__main__ import main as data_main
from data.overlap.__main__ import main as overlap_main
from data.pictures.decoded_once import digest
from data.pictures.pictures import Files
from data.sets.vtab.natural import listed_rows
from vit.__main__ import main as vit_main
from vit.run.runner import save_traceback

CAFE = os.fsdecode(b"caf\xe9")
SHOWN = r"caf\udce9"
COMMON = PLAIN | {"image_size": 4, "batch_size": 2}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def mine(folder):
    """A class, a training picture that is a test picture too, and one more: all with such names; and another class."""
    for split, names in (("train", "01"), ("test", "0")):
        (folder / "mine" / split / CAFE).mkdir(parents=True)
        for name in names:
            (folder / "mine" / split / CAFE / f"{name}{CAFE}.png").write_bytes(png(int(name)))
        (folder / "mine" / split / "zoo").mkdir()
        (folder / "mine" / split / "zoo" / "2.png").write_bytes(png(2 if split == "train" else 3))
    return folder / "mine"


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_they_are_decoded_once_and_later(mine, resize):
    module = ImageFolder(folder="mine", **COMMON | {"train_on": "all", "resize": resize, "on_error": "skip"})
    module.setup("fit")
    assert numbers(module.parts["train"].images) == [0, 1, 2]


def test_the_digest_of_other_names_is_what_it_was(folder):
    """By hand: sha256sum of the line 'a.png 3 1000000000'."""
    (folder / "a.png").write_bytes(b"abc")
    os.utime(folder / "a.png", ns=(10**9, 10**9))
    assert digest(Files([folder / "a.png"], folder)) == "3be7521094"


def test_what_parts_share_is_printed(mine, capsys):
    overlap_main(["ImageFolder folder=mine held_out=0.5"])
    said = capsys.readouterr().out
    assert f"/{SHOWN}/0{SHOWN}.png) = test 0 (" in said


def test_a_data_folder_of_such_a_name_is_shown(folder, monkeypatch, capsys):
    monkeypatch.setenv("VIT_DATA", str(folder / CAFE))
    monkeypatch.setattr(sys, "argv", ["data", "list"])
    data_main()
    vit_main(["data", "sun"])
    said = " ".join(capsys.readouterr().out.split())  # lines are wrapped wherever the name of the folder ends
    assert said.count(f"as SUN397/ in {folder}/{SHOWN}") == 2


def test_a_run_that_fails_at_one_says_where_its_details_lie(folder):
    assert "error.log" in save_traceback(ValueError(f"{CAFE}.png is not a readable picture"), folder)
    assert f"ValueError: {SHOWN}.png is not a readable" in (folder / "error.log").read_text()


def test_a_file_of_names_that_is_no_text_is_named(folder):
    (folder / "list.txt").write_bytes(b"/a/caf\xe9.jpg\n")
    with pytest.raises(ValueError, match=rf"^{folder}/list.txt cannot be read \("):
        listed_rows(folder / "list.txt", [])
