"""VTAB's tasks that torchvision has the images of, from small files in the sets' real layouts."""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch
from archive_files import number_of, numbers, png
from plain_data import PLAIN

from data import DTD, SUN397, SVHN, Caltech101, Camelyon, ClevrCount, ClevrDistance, EuroSAT, KITTIDistance

COMMON = PLAIN | {"image_size": 8, "batch_size": 4, "resize": "vit_jax"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def put(path, number):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(number))


def both(kind):
    """(numbers that the pictures say, labels) of the training and of the test split."""
    splits = []
    for split in ("train", "test"):
        images, labels = kind(**COMMON).arrays(split)
        splits.append((numbers(images), labels.tolist()))
    return splits


def test_caltech101_trains_on_thirty_of_each_class_backgrounds_included(folder):
    names = ["BACKGROUND_Google", *(f"class{k:03d}" for k in range(101))]
    for label, name in enumerate(names):
        for k in range(32):
            put(folder / "caltech101/101_ObjectCategories" / name / f"image_{k:04d}.jpg", 32 * label + k)
    (train, train_labels), (test, test_labels) = both(Caltech101)
    assert np.bincount(train_labels).tolist() == [30] * 102
    assert np.bincount(test_labels).tolist() == [2] * 102
    assert sorted(train + test) == list(range(102 * 32))
    assert [number // 32 for number in train + test] == train_labels + test_labels
    assert len({number % 32 for number in test}) > 5  # not the last ones of each


def test_dtd_trains_on_the_first_partitions_training_and_validation_parts(folder):
    lists = {"train": ["banded/b_0.jpg", "dotted/d_1.jpg"], "val": ["banded/b_2.jpg"], "test": ["dotted/d_3.jpg"]}
    for part, files in lists.items():
        path = folder / "dtd/dtd/labels" / f"{part}1.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(files))
        for file in files:
            put(folder / "dtd/dtd/images" / file, int(file[-5]))
    train, test = both(DTD)
    assert train == ([0, 1, 2], [0, 1, 0])
    assert test == ([3], [1])  # by the classes of all parts, though the test part holds one only


def test_svhn_counts_its_ten_as_zero(folder, monkeypatch):
    monkeypatch.setattr(
        "torchvision.datasets.svhn.check_integrity", lambda *_: True
    )  # the sums are those of the real files
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    for part in ("train", "test"):
        scipy.io.savemat(folder / f"{part}_32x32.mat", {"X": pixels, "y": np.array([[10], [1], [9], [10]], np.uint8)})
    images, labels = SVHN(**COMMON).arrays("train")
    assert labels.tolist() == [0, 1, 9, 0]
    assert torch.equal(images, torch.from_numpy(pixels.transpose(3, 2, 0, 1)))


def test_sun397_and_eurosat_are_divided_by_a_seeded_order(folder):
    (folder / "SUN397").mkdir()
    (folder / "SUN397/ClassName.txt").write_text("\n".join(f"/a/abbey{k}" for k in range(397)))
    for k in range(397 * 5):
        put(folder / f"SUN397/a/abbey{k % 397}/sun_{k:05d}.jpg", k)
    (train, train_labels), (test, test_labels) = both(SUN397)
    assert np.bincount(train_labels).tolist() == [4] * 397
    assert np.bincount(test_labels).tolist() == [1] * 397
    assert sorted(train + test) == list(range(397 * 5))
    (folder / "SUN397/sun397_tfds_te.txt").write_text("/a/abbey3/sun_00003.jpg\n/a/abbey0/sun_00397.jpg\n")
    (train, _), (test, _) = both(SUN397)
    assert (sorted(test), len(train)) == ([3, 397], 397 * 5 - 2)
    (folder / "SUN397/sun397_tfds_te.txt").write_text("/a/abbey3/other.jpg")
    with pytest.raises(ValueError, match=r"sun397_tfds_te.txt: the picture /a/abbey3/other.jpg does not exist"):
        SUN397(**COMMON).arrays("test")
    for k in range(50):
        put(folder / f"eurosat/2750/Class{k % 10}/x_{k}.jpg", k)
    (train, train_labels), (test, test_labels) = both(EuroSAT)
    assert (len(train), len(test), len({*train, *test})) == (40, 10, 50)
    assert [number % 10 for number in train + test] == train_labels + test_labels


def test_camelyon_reads_rows_of_the_h5_file(folder, monkeypatch):
    for part, count in (("train", 6), ("test", 3)):
        pixels = np.random.default_rng(count).integers(0, 256, (count, 96, 96, 3), dtype=np.uint8)
        (folder / "pcam").mkdir(exist_ok=True)
        for kind, name, values in (("x", "x", pixels), ("y", "y", (np.arange(count) % 2).reshape(-1, 1, 1, 1))):
            with h5py.File(folder / f"pcam/camelyonpatch_level_2_split_{part}_{kind}.h5", "w") as file:
                file[name] = values
        images, labels = Camelyon(**COMMON).arrays(part)
        assert labels.tolist() == [k % 2 for k in range(count)]
        assert len(images) == count
        rows = images.select([2, 0, 1]).select([2, 0])[range(2)]
        assert [
            torch.equal(image, torch.from_numpy(pixels[k]).permute(2, 0, 1))
            for image, k in zip(rows, (1, 2), strict=True)
        ] == [True] * 2
    module = Camelyon(**COMMON)
    module.setup("test")
    assert [images.shape for images, _ in module.test_dataloader()] == [(3, 3, 8, 8)]
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"Camelyon .*pip install h5py"):
        Camelyon(**COMMON).arrays("train")


def test_camelyon_names_what_is_wrong(folder):
    (folder / "pcam").mkdir()
    stem = folder / "pcam/camelyonpatch_level_2_split_train_"
    for kind, values in (("x", np.zeros((4, 96, 96, 3), np.uint8)), ("y", np.full((4, 1, 1, 1), 2))):
        with h5py.File(f"{stem}{kind}.h5", "w") as file:
            file[kind] = values
    with pytest.raises(ValueError, match=r"train_x.h5, row 0: class 2 is not one of 0 to 1"):
        Camelyon(**COMMON).setup("fit")
    images, _ = Camelyon(**COMMON).arrays("train")
    for kind, read in (("x", lambda: images[[0]]), ("y", lambda: Camelyon(**COMMON).arrays("train"))):
        Path(f"{stem}{kind}.h5").write_bytes(b"cut")
        with pytest.raises(ValueError, match=rf"train_{kind}.h5 cannot be read \("):
            read()


@pytest.mark.parametrize(
    ("objects", "label"),
    [
        ([("Car", 5.0), ("Car", 30.0)], 0),
        ([("Van", 8.0)], 0),
        ([("Truck", 8.01)], 1),
        ([("Car", 20.0)], 1),
        ([("Car", 20.5), ("Pedestrian", 1.0)], 2),
        ([("Cyclist", 3.0), ("DontCare", -1000.0)], 3),
        ([], 3),
    ],
)
def test_kitti_asks_how_far_the_nearest_vehicle_is(folder, objects, label):
    for k in range(20):
        put(folder / f"Kitti/raw/training/image_2/{k:06d}.png", k)
        lines = [f"{kind} 0.00 0 -1.57 1 2 3 4 1.5 1.6 3.9 -2.0 1.7 {depth} 0.01" for kind, depth in objects]
        (folder / "Kitti/raw/training/label_2").mkdir(exist_ok=True)
        (folder / f"Kitti/raw/training/label_2/{k:06d}.txt").write_text("\n".join(lines))
    (train, train_labels), (test, test_labels) = both(KITTIDistance)
    assert {*train_labels, *test_labels} == {label}
    assert (len(train), len(test), sorted(train + test)) == (18, 2, list(range(20)))


def test_kittis_drives_are_on_one_side_where_the_development_kit_names_them(folder):
    """20 drives of 3 frames, which the kit's lists name in a random order; a tenth of the drives is test, by TFDS's draw."""
    raw, drives = folder / "Kitti/raw", [f"2011_drive_{k:04d}_sync" for k in range(20)]
    order = np.random.default_rng(0).permutation(60)
    for k in range(60):
        put(raw / f"training/image_2/{k:06d}.png", k)
        (raw / "training/label_2").mkdir(exist_ok=True)
        (raw / f"training/label_2/{k:06d}.txt").write_text("")
    (raw / "mapping").mkdir()
    (raw / "mapping/train_mapping.txt").write_text(
        "".join(f"2011_09_26 {drives[k // 3]} {k:010d}\n" for k in range(60))
    )
    (raw / "mapping/train_rand.txt").write_text(",".join(str(frame + 1) for frame in order))
    (train, _), (test, _) = both(KITTIDistance)
    held = set(np.random.RandomState(123).choice(drives, 2, replace=False))
    assert {drives[order[k] // 3] for k in test} == held
    assert (len(test), sorted(train + test)) == (6, list(range(60)))
    (raw / "mapping/train_rand.txt").write_text("1,2")
    with pytest.raises(ValueError, match=r"train_rand.txt has 2 frames for 60 images"):
        KITTIDistance(**COMMON).arrays("train")


def clevr(folder, scenes):
    """scenes: depths of the objects of each."""
    for part in ("train", "val"):
        stated = []
        for k, depths in enumerate(scenes):
            name = f"CLEVR_{part}_{k:06d}.png"
            put(folder / "clevr/CLEVR_v1.0/images" / part / name, k)
            stated.append({"image_filename": name, "objects": [{"pixel_coords": [1, 2, depth]} for depth in depths]})
        path = folder / f"clevr/CLEVR_v1.0/scenes/CLEVR_{part}_scenes.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"scenes": stated[::-1]}))  # in any order


def test_clevr_counts_and_measures_distances(folder):
    depths = [7.0, 8.0, 8.1, 8.5, 8.6, 9.0, 9.1, 9.5, 9.6, 10.0, 10.1]
    clevr(folder, [[depth, 11.0, 12.0, *[12.5] * (k % 8)] for k, depth in enumerate(depths)])
    for numbers_, labels in both(ClevrDistance):
        assert numbers_ == list(range(11))
        assert labels == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert [labels for _, labels in both(ClevrCount)] == [[k % 8 for k in range(11)]] * 2


def test_damaged_labels_are_named(folder):
    clevr(folder, [[8.0]])
    (folder / "clevr/CLEVR_v1.0/scenes/CLEVR_val_scenes.json").write_text('{"scenes": [{"image_filename": "x"')
    with pytest.raises(ValueError, match=r"CLEVR_val_scenes.json cannot be read"):
        ClevrCount(**COMMON).arrays("test")
    put(folder / "Kitti/raw/training/image_2/0.png", 0)
    (folder / "Kitti/raw/training/label_2").mkdir()
    (folder / "Kitti/raw/training/label_2/0.txt").write_text("Car 0 0")
    with pytest.raises(ValueError, match=r"label_2/0.txt .*distance"):
        KITTIDistance(**COMMON).arrays("train")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[]", "no list of scenes"),
        ('{"scenes": [{"image_filename": "CLEVR_val_000000.png"}]}', "without objects"),
        (
            '{"scenes": [{"image_filename": "CLEVR_val_000000.png", "objects": [{"pixel_coords": [1]}]}]}',
            "pixel_coords",
        ),
        ('{"scenes": []}', r"no scene of the image 'CLEVR_val_000000\.png'"),
    ],
)
def test_scenes_of_another_form_are_refused(folder, text, line):
    clevr(folder, [[8.0]])
    (folder / "clevr/CLEVR_v1.0/scenes/CLEVR_val_scenes.json").write_text(text)
    with pytest.raises(ValueError, match=f"CLEVR_val_scenes.json.*{line}"):
        ClevrDistance(**COMMON).arrays("test")


@pytest.mark.parametrize("kind", [Caltech101, DTD, SVHN, EuroSAT, Camelyon, KITTIDistance, ClevrCount, ClevrDistance])
def test_a_set_that_is_not_there_says_how_to_get_it(kind):
    with pytest.raises(
        FileNotFoundError, match=rf"^{kind.__name__} is not complete in .*: python -m data fetch {kind.__name__}$"
    ):
        kind(**COMMON).arrays("train")


def test_batches_come_out_of_pictures_that_stay_encoded(folder):
    clevr(folder, [[8.0, 9.0, 10.0]] * 10)
    module = ClevrCount(**COMMON)
    module.setup("fit")
    images, labels = next(iter(module.train_dataloader()))
    assert images.shape == (4, 3, 8, 8)
    assert labels.tolist() == [0] * 4
    assert {number_of(image) for image in (images * 127.5 + 127.5).round().int()} <= set(range(10))
