"""Sets that torchvision lacks, as arrays: MNIST's idx files, dSprites' npz and smallNORB's binary matrices."""

import gzip
import os
import pickle
import re
import struct
import tracemalloc

import foreign_files as foreign
import numpy as np
import pytest
import torch

import data.sets.mnist
from data.sets.mnist import DEBIAN, MNIST, FashionMNIST
from data.sets.vtab.dsprites import NAME, DSpritesLocation, DSpritesOrientation
from data.sets.vtab.small_norb import SmallNORBAzimuth, SmallNORBElevation

SETS = {
    MNIST: 10,
    FashionMNIST: 10,
    DSpritesLocation: 16,
    DSpritesOrientation: 16,
    SmallNORBAzimuth: 18,
    SmallNORBElevation: 9,
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def build(kind, resize="vit_jax"):
    return kind(**foreign.PLAIN, resize=resize)


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_file_is_named_with_where_to_get_it(kind, split, folder, monkeypatch):
    monkeypatch.setattr(data.sets.mnist, "DEBIAN", folder / "none")
    module = build(kind)
    assert module.num_classes == SETS[kind]
    with pytest.raises(FileNotFoundError, match=rf"^{folder}/\S+ is missing: python -m data fetch {kind.__name__}\b"):
        module.arrays(split)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("kind", "name"), [(MNIST, "mnist"), (FashionMNIST, "fashion-mnist")])
def test_idx_files_are_read_gzipped_or_not(kind, name, zipped, folder):
    made = foreign.digits(folder / name, 23, zipped)
    for split, part in {"train": "train", "test": "t10k"}.items():
        images, labels = build(kind).arrays(split)
        assert torch.equal(images, torch.from_numpy(made[part]))
        assert labels.tolist() == [number % 10 for number in range(23)]
        assert labels.dtype == torch.int64


def test_a_set_of_the_data_folder_comes_before_debians(folder, monkeypatch):
    monkeypatch.setattr(data.sets.mnist, "DEBIAN", folder / "debian")
    foreign.digits(folder / "debian", 30, zipped=True)
    assert len(build(FashionMNIST).arrays("train")[1]) == 30
    foreign.digits(folder / "fashion-mnist", 20)
    assert len(build(FashionMNIST).arrays("train")[1]) == 20


@pytest.mark.skipif(not DEBIAN.exists(), reason="the package dataset-fashion-mnist is not installed")
def test_debians_fashion_mnist_is_the_published_one():
    images, labels = build(FashionMNIST).arrays("train")
    assert images.shape == (60_000, 28, 28)
    assert labels.bincount().tolist() == [6000] * 10
    assert labels[:5].tolist() == [9, 0, 0, 3, 0]
    assert images.double().mean().item() / 255 == pytest.approx(
        0.2860, abs=5e-5
    )  # the mean that everyone normalises by
    images, labels = build(FashionMNIST).arrays("test")
    assert images.shape == (10_000, 28, 28)
    assert labels.bincount().tolist() == [1000] * 10
    assert labels[:5].tolist() == [9, 2, 1, 1, 6]


HEAD = struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", r"truncated: 0 of 4 bytes"),
        (b"\x89PNG\r\n", "starts with 89504e47, not 00000803"),
        (struct.pack(">4B3I", 0, 0, 13, 3, 2, 28, 28), "starts with 00000d03, not 00000803"),  # floats
        (struct.pack(">4B3I", 0, 0, 8, 3, 2, 32, 32), r"shape \(2, 32, 32\), not \(N, 28, 28\)"),
        (HEAD + bytes(1567), "truncated: 1,567 of 1,568 bytes"),
        (HEAD + bytes(1569), "longer than its header says"),
        (HEAD + bytes(1568), "2 images, but train-labels-idx1-ubyte has 20 labels"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 28, 28) + bytes(784), "truncated: 784 of 1,683,627,180,032 bytes"),
        (gzip.compress(HEAD + bytes(1568), mtime=0)[:-9], "ended before the end-of-stream marker"),
        (gzip.compress(HEAD + bytes(1568), mtime=0)[:-8] + bytes(8), "CRC check failed"),
    ],
)
def test_what_is_wrong_with_an_idx_file_is_said_in_one_line(content, why, folder):
    foreign.digits(folder / "mnist")
    path = foreign.written(folder / "mnist" / "train-images-idx3-ubyte", content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"^{path}\b.*{why}.*$") as raised:
        build(MNIST).arrays("train")
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()
    assert "\n" not in str(raised.value)


def test_a_label_that_is_no_digit_is_refused(folder):
    foreign.digits(folder / "mnist")
    foreign.written(folder / "mnist" / "train-labels-idx1-ubyte", foreign.idx(np.full(20, 10, np.uint8)))
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte .*labels outside 0 to 9"):
        build(MNIST).arrays("train")


def number_of(images):
    """Which image of the file each is, from its first row."""
    return (images[:, 0, :16].long() // 255 << torch.arange(16)).sum(1)


# VTAB's arithmetic: 32 positions into 16 classes, floor(k / 2); 40 angles, floor(k / 2.5): three and two a class in turn
LOCATION = [k for k in range(16) for _ in range(2)]
ORIENTATION = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7]
ORIENTATION += [8, 8, 8, 9, 9, 10, 10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 14, 14, 15, 15]


@pytest.mark.parametrize(
    ("kind", "classes", "factor"), [(DSpritesLocation, LOCATION, 4), (DSpritesOrientation, ORIENTATION, 3)]
)
def test_dsprites_have_vtabs_labels_and_each_image_its_own(kind, classes, factor, folder):
    latents = foreign.dsprites(folder / "dsprites" / NAME)
    for split, size in {"train": 1024, "test": 128}.items():
        images, labels = build(kind).arrays(split)
        assert images.shape == (size, 64, 64)
        assert images.unique().tolist() == [0, 255]
        assert labels.tolist() == [classes[k] for k in latents[number_of(images), factor]]


def test_dsprites_parts_are_disjoint_seeded_and_shared_by_both_tasks(folder):
    foreign.dsprites(folder / NAME)
    train, test = (number_of(build(DSpritesLocation).arrays(split)[0]).tolist() for split in ("train", "test"))
    assert len({*train, *test}) == 1024 + 128
    assert train == sorted(train)
    assert np.abs(np.mean(test) - 640) < 100  # not one end of the file
    assert number_of(build(DSpritesOrientation).arrays("test")[0]).tolist() == test
    assert len(list(folder.glob("*.npy"))) == 2


def test_dsprites_are_never_held_in_memory_as_a_whole(folder):
    images = np.zeros((20_000, 64, 64), np.uint8)  # 80 MB
    np.savez_compressed(folder / NAME, imgs=images, latents_classes=np.zeros((20_000, 6), np.int64))
    del images
    tracemalloc.start()
    assert len(build(DSpritesLocation).arrays("train")[0]) == 16_000
    assert tracemalloc.get_traced_memory()[1] < 24 * 2**20
    tracemalloc.stop()


def test_dsprites_are_unpacked_again_when_the_file_changes(folder):
    foreign.dsprites(folder / NAME)
    assert build(DSpritesLocation).arrays("test")[0].any()
    np.savez_compressed(
        folder / NAME, imgs=np.zeros((1280, 64, 64), np.uint8), latents_classes=np.zeros((1280, 6), np.int64)
    )
    assert not build(DSpritesLocation).arrays("test")[0].any()


class Malice:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_nothing_in_an_npz_is_unpickled(folder, monkeypatch):
    monkeypatch.chdir(folder)
    pickle.loads(pickle.dumps(Malice()))  # it would work
    os.rmdir("unpickled")
    np.savez(
        folder / NAME, imgs=np.zeros((9, 64, 64), np.uint8), latents_classes=np.array([[Malice()] * 6] * 9, object)
    )
    with pytest.raises(ValueError, match=r"latents_classes is object \(9, 6\), not <i8 \(N, 6\)$"):
        build(DSpritesLocation).arrays("train")
    assert not os.path.exists("unpickled")


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"imgs": np.zeros((20, 64, 64), np.uint8)}, "no item named 'latents_classes.npy'"),
        ({"imgs": np.zeros((20, 64, 64), np.uint8), "latents_classes": np.zeros((20, 5), np.int64)}, r"\(20, 5\), not"),
        (
            {"imgs": np.zeros((20, 64, 63), np.uint8), "latents_classes": np.zeros((20, 6), np.int64)},
            r"\(20, 64, 63\), not",
        ),
        (
            {"imgs": np.zeros((19, 64, 64), np.uint8), "latents_classes": np.zeros((20, 6), np.int64)},
            "19 images, but latents_classes has 20 rows",
        ),
        (
            {"imgs": np.full((20, 64, 64), 2, np.uint8), "latents_classes": np.zeros((20, 6), np.int64)},
            "other than 0 and 1",
        ),
        (
            {"imgs": np.zeros((20, 64, 64), np.uint8), "latents_classes": np.full((20, 6), 32)},
            "column 4, .*outside 0 to 31",
        ),
        (
            {"imgs": np.zeros((1, 64, 64), np.uint8), "latents_classes": np.zeros((1, 6), np.int64)},
            "1 images are too few",
        ),
    ],
)
def test_what_is_wrong_with_an_npz_is_said_in_one_line(arrays, why, folder):
    np.savez(folder / NAME, **arrays)
    with pytest.raises(ValueError, match=why) as raised:
        build(DSpritesLocation).arrays("train")
    assert "\n" not in str(raised.value)
    assert [path.suffix for path in folder.iterdir() if path.suffix != ".lock"] == [".npz"]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("split", ["train", "test"])
def test_small_norb_shows_the_first_camera_with_its_angles(split, zipped, folder):
    images, info = foreign.small_norb(folder / "smallnorb", split, zipped)
    images_read, azimuths = build(SmallNORBAzimuth).arrays(split)
    assert torch.equal(images_read, torch.from_numpy(images[:, 0]))
    assert azimuths.tolist() == [angle // 2 for angle in info[:, 2]]
    assert azimuths.unique().tolist() == list(range(18))
    same, elevations = build(SmallNORBElevation).arrays(split)
    assert torch.equal(same, images_read)
    assert elevations.tolist() == info[:, 1].tolist()
    assert len(list(folder.glob("*.npy"))) == 1


def test_small_norbs_header_is_the_published_one(folder):
    """24,300 pairs of 96 x 96: 55 4C 3D 1E, 4, 24300, 2, 96, 96, as on NYU's page; its pixels are cut off here."""
    head = bytes.fromhex("554c3d1e 04000000 ec5e0000 02000000 60000000 60000000".replace(" ", ""))
    assert foreign.matrix_head((24_300, 2, 96, 96), np.uint8) == head
    path = foreign.written(folder / "smallnorb" / f"{foreign.NORB['train']}-dat.mat", head)
    info = np.zeros((24_300, 4), np.int32)
    foreign.written(folder / "smallnorb" / f"{foreign.NORB['train']}-info.mat", foreign.matrix(info))
    with pytest.raises(ValueError, match=f"^{path} cannot be read .truncated: 0 of 1,843,200 bytes"):
        build(SmallNORBAzimuth).arrays("train")


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("dat", b"MATLAB 5.0 MAT-file, Platform", "starts with 0x4c54414d and .*: not a 4-d matrix of uint8"),
        ("dat", foreign.matrix(np.zeros((9, 2, 96, 96), np.uint8)), "9 images, but .*-info.mat has 162 rows"),
        (
            "dat",
            foreign.matrix(np.zeros((9, 2, 108, 108), np.uint8)),
            r"shape \(9, 2, 108, 108\), not \(N, 2, 96, 96\)",
        ),
        ("info", foreign.matrix(np.zeros((9, 4), np.uint8)), "not a 2-d matrix of int32"),
        ("info", foreign.matrix(np.full((162, 4), 3, np.int32)), "column 2 .*0 to 34 in steps of 2"),
        ("info", foreign.matrix(np.full((162, 4), 36, np.int32)), "column 2 .*0 to 34 in steps of 2"),
        ("info", foreign.matrix(np.zeros((162, 4), np.int32)) + b"x", "longer than its header says"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said_in_one_line(kind, content, why, folder):
    foreign.small_norb(folder / "smallnorb")
    path = foreign.written(folder / "smallnorb" / f"{foreign.NORB['train']}-{kind}.mat", content)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}.*{why}"):
        build(SmallNORBAzimuth).arrays("train")


@pytest.mark.parametrize("kind", [MNIST, DSpritesLocation, SmallNORBElevation])
def test_batches_are_color_images_between_minus_one_and_one(kind, folder):
    foreign.digits(folder / "mnist")
    foreign.dsprites(folder / NAME)
    foreign.small_norb(folder)
    for resize in ("once", "vit_jax"):
        module = build(kind, resize)
        module.setup("fit")
        images, labels = next(iter(module.train_dataloader()))
        assert images.shape == (4, 3, 32, 32)
        assert -1 <= images.min() < images.max() <= 1
        assert labels.shape == (4,)
