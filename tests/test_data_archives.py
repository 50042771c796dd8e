"""Tars and zips, read where they lie: what is found, in which order, and what is said of broken ones."""

import os
import pickle
import random
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from archive_files import add, numbers, png, tar

from data.pictures.archives import open_archives
from data.pictures.decode import Unreadable


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_read_in_any_order_whatever_the_kind_of_tar(folder, format):
    long = "x" * 90 + "/" + "y" * 90  # ustar divides it, GNU and pax have a header of their own for it
    names = [f"{long}{k}.png" if k % 3 == 0 else f"./train/ant/{k}.png" for k in range(20)]
    members = open_archives([tar(folder / "a.tar", {name: png(k) for k, name in enumerate(names)}, format=format)])
    assert len(members) == 20
    assert [members.inside(k) for k in range(20)] == [name.removeprefix("./") for name in names]
    order = np.random.default_rng(0).permutation(20)
    assert numbers(members.select(order)) == order.tolist()
    assert numbers(members.select(order).select([3, 1])) == order[[3, 1]].tolist()


def test_a_tar_of_tars_is_a_folder_of_folders(folder):
    inner = {
        f"n{c}.tar": tar(folder / "inner", {f"n{c}_{k}.JPEG": png(10 * c + k) for k in range(3)}).read_bytes()
        for c in (1, 2)
    }
    members = open_archives([tar(folder / "whole.tar", inner)])
    assert [members.inside(k) for k in range(6)] == [f"n{c}/n{c}_{k}.JPEG" for c in (1, 2) for k in range(3)]
    assert numbers(members) == [10, 11, 12, 20, 21, 22]
    assert [members.index.folders[place] for place in members.folders] == ["n1"] * 3 + ["n2"] * 3


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zips_are_read_in_place_too(folder, method):
    with zipfile.ZipFile(folder / "a.zip", "w", method) as archive:
        for k in range(5):
            archive.writestr(f"NWPU/lake/lake_{k}.png", png(300 + k))
    members = open_archives([folder / "a.zip"])
    assert numbers(members.select([4, 0, 2])) == [304, 300, 302]
    assert members.inside(1) == "NWPU/lake/lake_1.png"


def test_what_is_no_picture_is_left_alone(folder):
    held = {"x.png": png(1), "readme.txt": b"hello", ".hidden.png": b"", "d/._x.png": b"resource fork"}
    path = tar(folder / "a.tar", held)
    with tarfile.open(path, "a") as archive:
        other = tarfile.TarInfo("other.png")
        other.type = tarfile.DIRTYPE
        archive.addfile(other)
    assert [open_archives([path]).inside(0)] == ["x.png"]
    assert len(open_archives([path])) == 1


def test_an_index_is_built_once_and_again_for_a_changed_archive(folder, monkeypatch):
    path = tar(folder / "a.tar", {"x.png": png(1)})
    open_archives([path])
    with monkeypatch.context() as patch:
        patch.setattr("data.pictures.archives.index.listing", None)  # a second reading would fail
        assert numbers(open_archives([path])) == [1]
    tar(path, {"x.png": png(2), "y.png": png(3)})
    assert numbers(open_archives([path])) == [2, 3]
    os.utime(path, ns=(1, 1))  # older than any index
    assert numbers(open_archives([path])) == [2, 3]
    assert not list((folder / "indexes").glob("*.part"))


def test_an_archive_may_be_sent_to_another_process(folder):
    members = open_archives([tar(folder / "a.tar", {f"{k}.png": png(k) for k in range(9)})]).select([5, 2])
    numbers(members)
    sent = pickle.dumps(members)
    assert len(sent) < 2000
    assert numbers(pickle.loads(sent)) == [5, 2]


def test_a_compressed_tar_and_no_tar_at_all_are_refused(folder):
    tar(folder / "plain", {"x.png": png(1)})
    (folder / "no.tar").write_bytes(random.Random(0).randbytes(5000))
    with tarfile.open(folder / "gz.tar", "w:gz") as archive:
        add(archive, "x.png", png(1))
    for name in ("no.tar", "gz.tar"):
        with pytest.raises(ValueError, match=f"{name} is not a plain tar"):
            open_archives([folder / name])
    (folder / "no.zip").write_bytes(b"PK but no zip")
    with pytest.raises(ValueError, match=r"no\.zip is not a complete zip"):
        open_archives([folder / "no.zip"])
    with pytest.raises(FileNotFoundError, match=r"gone\.tar: no such file"):
        open_archives([folder / "gone.tar"])


def test_a_member_that_changed_under_the_index_is_one_line(folder):
    path = tar(folder / "a.tar", {"x.png": png(1), "y.png": png(2)})
    members = open_archives([path])
    os.truncate(path, 1024 + 512 + 10)
    with pytest.raises(Unreadable, match=r"a.tar: y.png is not a readable picture \(the archive is truncated"):
        members.picture(1)


def test_a_deflated_member_cannot_fill_the_memory(folder, monkeypatch):
    monkeypatch.setattr("data.pictures.archives.members.LARGEST", 1000)
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.png", bytes(100_000))
    with pytest.raises(Unreadable, match="truncated, or larger than 1,000 bytes"):
        open_archives([folder / "a.zip"]).picture(0)


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_any_damage_is_said_in_one_line(folder, kind):
    """Fuzz: bytes flipped and ends cut at 300 places; what comes back is pictures or an error of one line."""
    path, drawn = folder / f"a.{kind}", random.Random(0)
    if kind == "tar":
        inner = tar(folder / "inner", {"a.png": png(5)}).read_bytes()
        tar(path, {"c/0.jpg": png(0), "c/0.cls": b"1", "in.tar": inner, "c/1.jpg": png(1), "c/1.json": b'{"label": 2}'})
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for k in range(3):
                archive.writestr(f"c/{k}.png", png(k))
    sound, told = path.read_bytes(), set()
    for turn in range(300):
        data = bytearray(sound[: drawn.randrange(len(sound))] if turn % 3 == 0 else sound)
        for _ in range(drawn.randrange(1, 4)):
            if data:
                data[drawn.randrange(len(data))] = drawn.randrange(256)
        path.write_bytes(data)
        os.utime(path, ns=(turn, turn))
        try:
            for image in open_archives([path], on_error="skip" if turn % 2 else "raise")[range(3)]:
                assert (image.dtype, image.shape[0]) == (torch.uint8, 3)
        except (ValueError, IndexError) as error:
            assert "\n" not in str(error)
            told.add(type(error))
    assert told
