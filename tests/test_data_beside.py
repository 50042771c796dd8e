"""Files among pictures: read, known to be harmless, or refused by name; in folders, tars and zips alike."""

import os
import re
import shutil

import numpy as np
import pytest
from archive_files import png, tar
from laid_pictures import COMMON, FORMS, TWO, lay, refused, zipped
from PIL import Image

from data import ImageFolder
from data.pictures.pictures import Files


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path / "mine"


@pytest.mark.parametrize("name", ["cat/9.tif", "cat/9.TIF", "dog/9.npy", "dog/9.heic", "dog/9", "dog/more.zip"])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_neither_read_nor_harmless_is_refused_by_name(folder, form, name):
    lay(folder, "train", [*TWO, name], form)
    lay(folder, "test", TWO, form)
    refused(rf"{name}: unsupported file .*\.jpg")


@pytest.mark.parametrize("form", FORMS)
def test_what_copies_of_pictures_leave_beside_them_is_passed_over(folder, form):
    beside = ["cat/Thumbs.db", "cat/.DS_Store", "cat/README", "dog/labels.json", "dog/0.xml", "dog/all.sha256"]
    for split in ("train", "test"):
        lay(folder, split, TWO, form)
    plain = ImageFolder(folder="mine", **COMMON).arrays("train")[1]
    shutil.rmtree(folder)
    for split in ("train", "test"):
        lay(folder, split, [*TWO, *(name for name in beside if form == "folders" or not name.endswith(".json"))], form)
    assert ImageFolder(folder="mine", **COMMON).arrays("train")[1].tolist() == plain.tolist()


@pytest.mark.parametrize("ending", ["ppm", "pgm", "pbm", "bmp", "jpe", "jfif", "mpo"])
def test_pictures_of_less_usual_kinds_are_read(folder, ending):
    kind = {"jpe": "JPEG", "jfif": "JPEG", "bmp": "BMP", "mpo": "MPO"}.get(ending, "PPM")
    mode = {"pgm": "L", "pbm": "1"}.get(ending, "RGB")
    for split in ("train", "test"):
        for number, name in enumerate(("ant", "bee")):
            path = folder / split / name / f"0.{ending}"
            path.parent.mkdir(parents=True)
            Image.new("RGB", (4, 4), (255 * number,) * 3).convert(mode).save(path, kind)
    images, labels = ImageFolder(folder="mine", **COMMON).arrays("train")
    assert (images[:, 0, 0, 0].tolist(), labels.tolist()) == ([0, 255], [0, 1])


def test_a_float_map_is_refused_for_nothing_states_its_range(folder):
    folder.mkdir()
    Image.fromarray(np.full((2, 2), 0.5, np.float32)).save(folder / "a.pnm", "PPM")
    with pytest.raises(ValueError, match=r"a\.pnm holds floating-point pixels"):
        Files([folder / "a.pnm"], folder).picture(0)


@pytest.mark.parametrize("name", ["cat/9.png", "cat/9", "9.png", "9"])
def test_a_pipe_among_pictures_is_named_and_not_waited_for(folder, name):
    for split in ("train", "test"):
        lay(folder, split, TWO, "folders")
    os.mkfifo(folder / "train" / name)
    refused(rf"train/{name}.*(it is a pipe, a socket or a device|unsupported file|beside the class folders)")


@pytest.mark.parametrize("name", ["more.zip", "more.tar.gz", "9.tif"])
@pytest.mark.parametrize("share", [None, 0.2])
def test_a_file_beside_the_class_folders_is_refused_by_name(folder, name, share):
    lay(folder, "train" if share is None else ".", TWO, "folders")
    lay(folder, "test", TWO, "folders") if share is None else None
    (folder / ("train" if share is None else ".") / name).write_bytes(b"packed")
    refused(rf"{re.escape(name)} is beside the class folders", test_share=share)


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_a_stated_class_without_its_picture_is_refused(folder, form):
    lay(folder, "test", TWO, form)
    members = {f"{k}.{kind}": data for k in range(4) for kind, data in (("png", png(k)), ("cls", b"%d" % (k % 2)))}
    {"tar": tar, "zip": zipped}[form](folder / f"train.{form}", members | {"7.cls": b"1"})
    refused(rf"train.{form}: 7.cls states the class of a missing picture")
