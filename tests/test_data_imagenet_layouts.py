"""The layouts in which ImageNet lies on people's disks: read, or named with what to do about them."""

import tarfile
import zipfile

import pytest
import torch
from archive_files import numbers, png, tar
from plain_data import PLAIN

from data import ImageNet

COMMON = PLAIN | {"image_size": 8, "batch_size": 4, "resize": "vit_jax"}
WNIDS = [f"n{k:08d}" for k in range(1000)]
SHOWN = [WNIDS[997 * k % 1000] for k in range(1000)]  # by validation image k + 1


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    (tmp_path / "imagenet").mkdir()
    return tmp_path / "imagenet"


def put(folder, names):
    """The k-th says k."""
    for k, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(k))


def kaggle_list(path, shown=SHOWN):
    lines = [f"ILSVRC2012_val_{k + 1:08d},{wnid} 85 1 499 272 \n" for k, wnid in enumerate(shown)]
    path.write_text("".join(["ImageId,PredictionString\n", *reversed(lines)]))


def kit(root):
    torch.save(({wnid: (wnid,) for wnid in WNIDS}, SHOWN), root / "meta.bin")


FLAT = [f"ILSVRC2012_val_{k + 1:08d}.JPEG" for k in range(1000)]
NAMED = [f"ILSVRC2012_val_{k + 1:08d}_{wnid}.JPEG" for k, wnid in enumerate(SHOWN)]


@pytest.mark.parametrize("source", ["the development kit", "Kaggle's list", "names"])
def test_a_flat_validation_folder_has_its_classes_from_a_list_beside_it_or_from_its_names(root, source):
    put(root / "val", NAMED if source == "names" else FLAT)
    if source != "names":
        kit(root) if source == "the development kit" else kaggle_list(root / "LOC_val_solution.csv")
    (root / "real.json").write_text(str([[WNIDS.index(wnid)] for wnid in SHOWN]))
    images, labels, sets = ImageNet(**COMMON).arrays("test")
    assert [WNIDS[label] for label in labels] == [SHOWN[number] for number in numbers(images)]
    assert sets.nonzero()[:, 1].tolist() == labels.tolist()


def test_a_flat_validation_folder_alone_says_what_to_bring(root):
    put(root / "val", FLAT[:3])
    with pytest.raises(FileNotFoundError, match=r"devkit_t12.tar.gz is missing; .*labels of val, .*LOC_val"):
        ImageNet(**COMMON).arrays("test")


def test_a_flat_training_folder_has_its_classes_from_its_names(root):
    put(root / "train", [f"{wnid}_{k}_{wnid}.JPEG" for k, wnid in enumerate(SHOWN)])
    images, labels = ImageNet(**COMMON).arrays("train")
    assert [WNIDS[label] for label in labels] == [SHOWN[number] for number in numbers(images)]


def test_names_of_pictures_in_class_folders_may_end_in_the_wordnet_id(root):
    put(root / "val", [f"{wnid}/{name}" for wnid, name in zip(SHOWN, NAMED, strict=True)])
    (root / "real.json").write_text(str([[WNIDS.index(wnid)] for wnid in SHOWN]))
    _, labels, sets = ImageNet(**COMMON).arrays("test")
    assert sets.nonzero()[:, 1].tolist() == labels.tolist()


def test_kaggles_folders_are_read_where_its_zip_puts_them(root):
    inside = root / "ILSVRC" / "Data" / "CLS-LOC"
    put(inside / "train", [f"{wnid}/{wnid}_1.JPEG" for wnid in WNIDS])
    put(inside / "val", FLAT)
    kaggle_list(root / "LOC_val_solution.csv")
    for split, shown in (("train", WNIDS), ("test", SHOWN)):
        images, labels = ImageNet(**COMMON).arrays(split)
        assert [WNIDS[label] for label in labels] == [shown[number] for number in numbers(images)]
    put(root / "val", FLAT)
    with pytest.raises(ValueError, match=r"imagenet and .*CLS-LOC may hold the same pictures"):
        ImageNet(**COMMON).arrays("test")


@pytest.mark.parametrize("kind", ["a tar a class", "samples"])
def test_archives_may_lie_in_the_folder_of_their_part(root, kind):
    for k, wnid in enumerate(WNIDS) if kind == "a tar a class" else ():
        tar(root / "train" / f"{wnid}.tar", {f"{wnid}_1.JPEG": png(k)})
    if kind == "samples":
        members = {f"{k}.{kind}": data for k in range(1000) for kind, data in (("jpg", png(k)), ("cls", b"%d" % k))}
        tar(root / "train" / "imagenet1k-train-0000.tar", members)
    images, labels = ImageNet(**COMMON).arrays("train")
    assert labels.tolist() == numbers(images) == list(range(1000))
    put(root / "val", [f"word {k}/1.png" for k in range(1000)])
    with pytest.raises(ValueError, match="class 0 is 'word 0' in the val part but"):
        ImageNet(**COMMON).arrays("test")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "ImageId,PredictionString\nILSVRC2012_val_00000002,n00000001 1 2 3 4\n",
            "does not have one WordNet id for each",
        ),
        ("ImageId,PredictionString\nILSVRC2012_val_00000001,\n", "line 2"),
        ("no,list\n1,2\n", "line 2"),
    ],
)
def test_a_damaged_list_of_kaggle_is_named(root, text, line):
    put(root / "val", FLAT[:1])
    (root / "LOC_val_solution.csv").write_text(text)
    with pytest.raises(ValueError, match=f"LOC_val_solution.csv.* {line}"):
        ImageNet(**COMMON).arrays("test")


@pytest.mark.parametrize("number", [0, 1001])
def test_a_validation_image_without_a_label_in_the_list_is_named(root, number):
    put(root / "val", [f"ILSVRC2012_val_{number:08d}.JPEG"])
    kit(root)
    with pytest.raises(ValueError, match=rf"val_{number:08d}.JPEG: its number is not one of 1 to 1,000"):
        ImageNet(**COMMON).arrays("test")


@pytest.mark.parametrize(
    "name", ["imagenet.tar.gz", "ILSVRC.tgz", "imagenet-object-localization-challenge.zip", "i.tar"]
)
@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("split", ["train", "test"])
def test_an_archive_of_the_whole_set_is_named_with_what_to_do(root, name, beside, split):
    if beside and not name.startswith("imagenet"):
        return
    path = (root.parent if beside else root) / name
    with zipfile.ZipFile(path, "w") if name.endswith("zip") else tarfile.open(path, "w"):
        pass
    with pytest.raises(FileNotFoundError, match=rf"missing in {root}, but {path} exists: .*unpack it in {root}"):
        ImageNet(**COMMON).arrays(split)


@pytest.mark.parametrize(
    ("lying", "line"),
    [
        (
            ["imagenet-1k/val/n1/x.png"],
            r"but .*/imagenet-1k/val exists: move the content of .*/imagenet-1k one folder up",
        ),
        (["validation/n1/x.png"], r"if .*imagenet/validation has the 50,000 validation images, rename it to val"),
        (
            ["ILSVRC2012_img_train.tar", "ILSVRC2012_devkit_t12.tar.gz"],
            r"contains ILSVRC2012_devkit_t12.tar.gz, ILS",
        ),
        (["pictures/x.png", "notes.txt"], r"contains notes.txt, pictures\): provide the official tars"),
    ],
)
def test_what_lies_in_the_place_of_a_part_is_named(root, lying, line):
    put(root, lying)
    with pytest.raises(FileNotFoundError, match=line):
        ImageNet(**COMMON).arrays("test")
