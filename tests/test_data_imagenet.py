"""ImageNet in its layouts, ReaL's labels, ImageNet-21k's releases, and tars in the place of JFT-300M."""

import json
import tarfile

import pytest
import torch
from archive_files import numbers, png, tar
from plain_data import PLAIN

import data.sets.imagenet21k
from data import JFT300M, ImageNet, ImageNet21k
from data.sets.imagenet21k import RELEASES, Release

COMMON = PLAIN | {"image_size": 8, "batch_size": 4, "resize": "vit_jax"}
WNIDS = [f"n{k:08d}" for k in range(1000)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def imagenet(folder):
    return folder / "imagenet"


def official(root):
    """A picture a class; validation image k + 1 shows class 999 - k, as the development kit says."""
    inner = {
        f"{wnid}.tar": tar(root / "inner", {f"{wnid}_7.JPEG": png(k)}).read_bytes() for k, wnid in enumerate(WNIDS)
    }
    tar(root / "ILSVRC2012_img_train.tar", inner)
    tar(root / "ILSVRC2012_img_val.tar", {f"ILSVRC2012_val_{k + 1:08d}.JPEG": png(k) for k in range(50)})
    torch.save(({wnid: (wnid,) for wnid in WNIDS}, [WNIDS[999 - k] for k in range(1000)]), root / "meta.bin")


def test_the_official_tars_are_read_as_they_are(imagenet):
    official(imagenet)
    module = ImageNet(**COMMON)
    images, labels = module.arrays("train")
    assert labels.tolist() == list(range(1000))
    assert numbers(images.select([0, 999, 5])) == [0, 999, 5]
    images, labels = module.arrays("test")
    assert labels.tolist() == [999 - k for k in range(50)]
    assert numbers(images) == list(range(50))
    assert not list(imagenet.glob("**/*.JPEG"))


def test_labels_of_the_official_validation_tar_come_from_the_development_kit(imagenet):
    official(imagenet)
    (imagenet / "meta.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"ILSVRC2012_devkit_t12.tar.gz is missing"):
        ImageNet(**COMMON).arrays("test")
    with tarfile.open(imagenet / "ILSVRC2012_devkit_t12.tar.gz", "w:gz"):
        pass
    with pytest.raises(
        ValueError, match=r"devkit_t12.tar.gz: .*corrupted.*download it again"
    ):  # torchvision knows its md5
        ImageNet(**COMMON).arrays("test")


def test_class_folders_and_webdataset_tars_give_the_same_labels(imagenet):
    for k, wnid in enumerate(WNIDS):
        for part, name in (("train", "x"), ("val", f"ILSVRC2012_val_{k + 1:08d}")):
            path = imagenet / part / wnid / f"{name}.JPEG"
            path.parent.mkdir(parents=True)
            path.write_bytes(png(k))
    for split in ("train", "test"):
        images, labels = ImageNet(**COMMON).arrays(split)
        assert labels.tolist() == numbers(images) == list(range(1000))
    for part in ("train", "val"):
        (imagenet / part).rename(imagenet / f"not-{part}")
    for shard, classes in enumerate((range(999, 499, -1), range(500))):
        members = {f"{k}.{kind}": data for k in classes for kind, data in (("cls", str(k).encode()), ("jpg", png(k)))}
        tar(imagenet / f"imagenet1k-train-{shard:04d}.tar", members)
        names = {k: f"{WNIDS[k]}_ILSVRC2012_val_{k + 1:08d}" for k in classes}
        members = {
            f"{names[k]}.{kind}": data for k in classes for kind, data in (("jpg", png(k)), ("cls", str(k).encode()))
        }
        tar(imagenet / f"imagenet1k-validation-{shard:02d}.tar", members)
    for split in ("train", "test"):
        images, labels = ImageNet(**COMMON).arrays(split)
        assert labels.tolist() == numbers(images) == [*range(999, 499, -1), *range(500)]


def test_real_labels_follow_the_official_numbers(imagenet):
    """Image k of the file has the classes k and k + 1; every tenth has none and is not counted."""
    official(imagenet)
    (imagenet / "real.json").write_text(json.dumps([[] if k % 10 == 0 else [k, k + 1] for k in range(50)]))
    module = ImageNet(**COMMON, eval_batch_size=50)
    module.setup("test")
    images, labels, sets = next(iter(module.test_dataloader()))
    assert (images.shape, labels.tolist()) == ((50, 3, 8, 8), [999 - k for k in range(50)])
    assert [row.nonzero()[:, 0].tolist() for row in sets] == [[] if k % 10 == 0 else [k, k + 1] for k in range(50)]


@pytest.mark.parametrize("text", ["[[1]]", "{", '[["cat"]]', "[" + "[1000]," * 49 + "[1000]]"])
def test_a_wrong_real_json_is_named(imagenet, text):
    official(imagenet)
    (imagenet / "real.json").write_text(text)
    with pytest.raises(ValueError, match=r"real.json .*ReaL's labels.*(remove|download)"):
        ImageNet(**COMMON).arrays("test")


def test_real_needs_names_with_the_official_number(imagenet):
    (imagenet / "real.json").parent.mkdir()
    (imagenet / "real.json").write_text("[]")
    tar(
        imagenet / "val.tar",
        {f"{WNIDS[int(name.partition('.')[0])]}_{name}": data for name, data in samples(range(1000)).items()},
    )
    with pytest.raises(ValueError, match=r"real.json .*val.tar: n00000000_0.jpg: .*no number of a validation image"):
        ImageNet(**COMMON).arrays("test")


def test_missing_and_incomplete_sets_say_what_to_bring(imagenet):
    with pytest.raises(FileNotFoundError, match=r"ImageNet's train part is missing in .*: provide the official tars"):
        ImageNet(**COMMON).arrays("train")
    (imagenet / "train" / "n1").mkdir(parents=True)
    (imagenet / "train" / "n1" / "x.jpg").write_bytes(png(0))
    with pytest.raises(ValueError, match=r"1 classes in the train part; ImageNet has 1,000"):
        ImageNet(**COMMON).arrays("train")


def samples(classes):
    return {f"{k}.{kind}": data for k in classes for kind, data in (("jpg", png(k)), ("cls", str(k).encode()))}


def test_a_class_that_does_not_exist_is_an_error(imagenet):
    tar(imagenet / "train.tar", samples(range(1001)))
    with pytest.raises(
        ValueError, match=r"ImageNet, train: .*train.tar: 1000.jpg: class 1000 is not one of 0 to 999; 1 of 1,001"
    ):
        ImageNet(**COMMON).setup("fit")


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (
            {*range(1000)} - {57},
            r"imagenet/train: no pictures of the class '57'; numbers must go from 0 to 999 without gaps",
        ),
        (range(999), r"999 classes in the train part; ImageNet has 1,000"),
    ],
)
def test_samples_of_fewer_classes_are_refused_as_fewer_folders_are(imagenet, classes, message):
    tar(imagenet / "train.tar", samples(classes))
    with pytest.raises(ValueError, match=message):
        ImageNet(**COMMON).arrays("train")


@pytest.mark.parametrize("other", ["{}", "ILSVRC2012_img_{}_t3.tar"])
@pytest.mark.parametrize(("split", "part"), [("train", "train"), ("test", "val")])
def test_an_official_tar_is_alone(imagenet, split, part, other):
    official(imagenet)
    beside = imagenet / other.format(part)
    if beside.suffix:
        tar(beside, samples(range(3)))
    else:
        beside.mkdir()
    with pytest.raises(ValueError, match=r"may hold the same pictures") as raised:
        ImageNet(**COMMON).arrays(split)
    assert str(imagenet / f"ILSVRC2012_img_{part}.tar") in str(raised.value)
    assert f"{beside} " in str(raised.value)


def test_a_validation_tar_that_is_cut_short_is_refused_under_skip_too(imagenet):
    official(imagenet)
    (imagenet / "ILSVRC2012_img_val.tar").write_bytes((imagenet / "ILSVRC2012_img_val.tar").read_bytes()[: 40 * 1024])
    with pytest.raises(ValueError, match=r"img_val.tar is truncated .* 40 pictures"):
        ImageNet(**COMMON, on_error="skip").arrays("test")


def test_the_two_releases_are_told_apart_by_their_published_counts():
    assert {name: (counts.classes, counts.images) for name, counts in RELEASES.items()} == {
        "fall11": (21_841, 14_197_122),
        "winter21": (19_167, 13_151_276),
    }
    assert ImageNet21k(release="fall11", **COMMON).num_classes == 21_841


@pytest.mark.parametrize(
    ("release", "classes", "images", "message"),
    [
        ("fall11", 3, 12, None),
        ("fall11", 2, 9, "2 classes of winter21, not of fall11; set release: winter21, .*paper's"),
        ("winter21", 3, 12, "3 classes of fall11, not of winter21; set release: fall11$"),
        ("fall11", 4, 12, "4 classes and 12 images.* no known release"),
        ("fall11", 3, 11, "1 images of fall11 are missing"),
    ],
)
@pytest.mark.parametrize("layout", ["folders", "a tar a class", "a tar of tars", "samples"])
def test_a_wrong_release_is_refused_with_the_reason(folder, monkeypatch, layout, release, classes, images, message):
    monkeypatch.setitem(data.sets.imagenet21k.RELEASES, "fall11", Release(3, 12))
    monkeypatch.setitem(data.sets.imagenet21k.RELEASES, "winter21", Release(2, 9))
    root, held = folder / "imagenet-21k", {}
    for k in range(images):
        held.setdefault(f"n{k % classes}", {})[f"{k}.JPEG"] = png(k)
    if layout == "folders":
        for name, files in held.items():
            (root / name).mkdir(parents=True)
            for file, content in files.items():
                (root / name / file).write_bytes(content)
    elif layout == "samples":
        tar(
            root / "0.tar",
            {
                f"{k}.{kind}": data
                for k in range(images)
                for kind, data in (("webp", png(k)), ("cls", str(k % classes).encode()))
            },
        )
    else:
        inner = {f"{name}.tar": tar(folder / "inner", files).read_bytes() for name, files in held.items()}
        if layout == "a tar of tars":
            tar(root / "whole.tar", inner)
        root.mkdir(exist_ok=True)
        for name, content in inner.items() if layout == "a tar a class" else ():
            (root / name).write_bytes(content)
    module = ImageNet21k(release=release, **COMMON)
    if message:
        with pytest.raises(ValueError, match=message):
            module.arrays("train")
    else:
        pictures, labels = module.arrays("train")
        assert [number % classes for number in numbers(pictures)] == labels.tolist()


def test_class_folders_beside_archives_of_imagenet21k_are_refused(folder):
    root = folder / "imagenet-21k"
    tar(root / "n1.tar", {"0.JPEG": png(0)})
    (root / "n1").mkdir()
    (root / "n1" / "0.JPEG").write_bytes(png(0))
    with pytest.raises(ValueError, match=f"{root}/n1.tar and {root}/n1 may hold the same pictures"):
        ImageNet21k(release="fall11", **COMMON).arrays("train")


def test_jft_is_private_and_other_tars_are_read_instead(folder):
    with pytest.raises(FileNotFoundError, match=r"JFT-300M is missing in .*: it was never released"):
        JFT300M(classes=18_291, **COMMON).arrays("train")
    tar(folder / "jft-300m" / "0.tar", {"a.jpg": png(1), "a.cls": b"18290", "b.jpg": png(2), "b.cls": b"0"})
    pictures, labels = JFT300M(classes=18_291, **COMMON).arrays("train")
    assert (numbers(pictures), labels.tolist()) == ([1, 2], [18_290, 0])


@pytest.mark.parametrize("module", [ImageNet21k(release="fall11", **COMMON), JFT300M(classes=3, **COMMON)])
def test_sets_for_pre_training_have_no_test_split(module):
    with pytest.raises(ValueError, match="has no test split; pre-training holds out a part"):
        module.setup("test")
