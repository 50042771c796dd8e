"""What has no room is refused before it is begun, and a disk that is full in the middle names the file: one line each."""

import multiprocessing
import os
import resource

import numpy as np
import pytest
import torch
from archive_files import png
from fractal_sets import COMMON, fractals

from data import ImageFolder, Sprites, UnseenFractals
from data.disk.pack import packed
from data.disk.room import check_disk, check_memory, format_bytes
from data.fetch.download import record

MILLION = 1_000_000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def many(monkeypatch):
    """A million categories, of each of which the first attempt counts: the search for others would take minutes."""
    monkeypatch.setattr("data.sets.fractals.attempts", lambda seed, categories: np.zeros(categories, np.uint8))


def test_a_million_millions_of_fractals_are_drawn_on_the_fly_and_nothing_is_kept_of_them(many):
    """One byte for each of them would be a terabyte."""
    data = fractals(categories=MILLION, instances=MILLION, packed=False)
    data.setup("fit")
    images, labels = next(iter(data.train_dataloader()))
    assert len(data.parts["train"]) == MILLION**2 and images.shape == (8, 3, 16, 16)
    indices = next(iter(data.train_dataloader().sampler))[1]
    assert labels.dtype == torch.int64 and labels.tolist() == (indices // MILLION).tolist()
    small = fractals(categories=MILLION, instances=1, packed=False).training_images()
    assert torch.equal(data.training_images()[[MILLION * 77, MILLION * 5]], small[[77, 5]])


def test_labels_that_are_worked_out_are_those_that_are_kept():
    data, kept = (fractals(categories=5, instances=3, packed=packed) for packed in (False, True))
    data.setup("fit")
    kept.setup("fit")
    assert np.asarray(data.labels("train")).tolist() == kept.labels("train").tolist()
    assert data.labels("train")[torch.tensor([14, 3, 2])].tolist() == [4, 1, 0]
    with pytest.raises(TypeError):
        list(data.labels("train"))


@pytest.mark.parametrize("options", [{"validation": "held_out"}, {"subset": 0.1}, {"on_error": "skip"}], ids=str)
def test_a_division_that_no_memory_holds_is_refused(many, options):
    expected = (
        r"^1,000,000,000,000 fractals \(1,000,000 categories x 1,000,000 instances\) need 40 TB of memory,"
        r" but only \S+ .B are free; lower categories or instances, [^\n]* packed: false$"
    )
    with pytest.raises(ValueError, match=expected):
        fractals(categories=MILLION, instances=MILLION, packed=False, **options).setup("fit")


def test_a_pack_that_no_disk_holds_is_refused_before_anything_is_drawn(many, folder, monkeypatch):
    monkeypatch.setattr("data.fractals.rendered.draw", None)  # drawing would fail
    expected = r"fractals2-\S+16px-seed0.npy: 1,000,000,000,000 images need 256 TB of disk, but only \S+ .B are free; make room"
    with pytest.raises(ValueError, match=expected):
        fractals(categories=MILLION, instances=MILLION).prepare_data()
    assert [path.suffix for path in folder.iterdir()] == [".lock"]


def test_images_that_no_memory_holds_are_refused():
    unseen = UnseenFractals(categories=MILLION, instances=MILLION, **COMMON)
    with pytest.raises(
        ValueError, match=r"^1,000,000,000,000 fractals of 16 px need 256 TB of memory, [^\n]*; lower cat"
    ):
        unseen.setup("fit")
    sprites = Sprites(orientations=4, train_size=MILLION, test_size=9, **COMMON | {"image_size": 9000})
    with pytest.raises(ValueError, match=r"^1,000,000 sprites of 9000 px need 81 TB of memory, [^\n]*; lower train_"):
        sprites.setup("fit")


def test_what_fits_is_not_refused(folder):
    check_memory("two images", 2000, "their number")
    check_disk(folder / "x", 2000, "two images")


@pytest.mark.parametrize("count, text", [(12, "12 bytes"), (26_000_000, "26 MB"), (1_310_000_000_000, "1.31 TB")])
def test_sizes_have_three_digits_and_a_decimal_prefix(count, text):
    assert format_bytes(count) == text


# A disk that is full in the middle: other processes had room left, or a quota none.

FULL = r"cannot be written: No space left on device; make room, or set VIT_DATA to a larger disk,"


def test_a_pack_on_a_full_disk_is_named(folder):
    (folder / ".x.npy.part").symlink_to("/dev/full")  # the kernel's own full disk
    with pytest.raises(OSError, match=rf"^{folder}/x.npy {FULL} [^\n]*$"):
        packed(folder / "x.npy", (2, 2, 2), lambda: [np.zeros((2, 2, 2), np.uint8)])
    assert [path.name for path in folder.iterdir()] == [".x.npy.lock"]


def test_a_checksum_on_a_full_disk_is_named(folder):
    (folder / f".a.zip.sha256.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=rf"^{folder}/a.zip.sha256 {FULL}"):
        record(folder / "a.zip", "0" * 64)


def decode(messages):
    """In a process whose files may not grow beyond 3,000 bytes: 10 of the 30 pictures."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    try:
        ImageFolder(folder="mine", **COMMON | {"image_size": 10}).setup("fit")
    except OSError as error:
        messages.put(str(error))


def test_a_set_that_is_decoded_onto_a_full_disk_is_one_line_with_the_file(folder):
    for split, count in (("train", 30), ("test", 2)):
        for number in range(count):
            path = folder / "mine" / split / f"class{number % 2}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
    fork = multiprocessing.get_context("fork")
    messages = fork.Queue()
    process = fork.Process(target=decode, args=(messages,))
    process.start()
    line = messages.get(timeout=20)
    process.join()
    assert line.startswith(f"{folder}/mine-train-") and "10x10.npy cannot be written: File too large; make room" in line
    assert "\n" not in line and all(path.suffix == ".lock" for path in folder.iterdir() if path.is_file())
