"""The labels of ImageNet's parts, of ReaL, ObjectNet and of heads count one list of names, or the data are refused."""

import json

import pytest
from archive_files import numbers, png, tar
from plain_data import PLAIN

from data import ImageFolder, ImageNet, ObjectNet

COMMON = PLAIN | {"image_size": 8, "batch_size": 4, "resize": "vit_jax"}
WNIDS = [f"n{k:08d}" for k in range(1000)]
NUMBERS = [str(k + 1) for k in range(1000)]
WORDS = [f"word {997 * k % 1000}" for k in range(1000)]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path / "imagenet"


def folders(root, part, names):
    """A picture a class, the k-th says k and is validation image k + 1."""
    for k, name in enumerate(names):
        path = root / part / name / f"ILSVRC2012_val_{k + 1:08d}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(png(k))


def samples(root, part, stems):
    """WebDataset samples: the k-th says k, in its picture and in its .cls."""
    members = {}
    for k, stem in enumerate(stems):
        members |= {f"{stem}.png": png(k), f"{stem}.cls": str(k).encode()}
    return tar(root / f"{part}.tar", members)


def official_validation(root):
    tar(root / "ILSVRC2012_img_val.tar", {f"ILSVRC2012_val_{k + 1:08d}.png": png(k) for k in range(1000)})
    truth = "".join(f"ILSVRC2012_val_{k + 1:08d},{WNIDS[k]} 1 2 3 4\n" for k in range(1000))
    (root / "LOC_val_solution.csv").write_text(f"ImageId,PredictionString\n{truth}")


def refused(line, split):
    with pytest.raises(ValueError, match=line) as raised:
        ImageNet(**COMMON).arrays(split)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("names", [NUMBERS, WORDS], ids=["numbers", "words"])
def test_a_validation_part_under_other_names_than_the_training_part_is_refused(root, names, split):
    folders(root, "train", WNIDS)
    folders(root, "val", names)
    refused(
        rf"imagenet: class 0 is '{'n0+' if split == 'train' else sorted(names)[0]}' in the .*WordNet ids \(n0144", split
    )


@pytest.mark.parametrize("split", ["train", "test"])
def test_worded_training_folders_do_not_go_with_the_official_validation_tar(root, split):
    folders(root, "train", WORDS)
    official_validation(root)
    refused("WordNet ids", split)


@pytest.mark.parametrize("names", [NUMBERS, WORDS], ids=["numbers", "words"])
def test_parts_under_the_same_other_names_are_read_but_real_beside_them_is_refused(root, names):
    for part in ("train", "val"):
        folders(root, part, names)
    for split in ("train", "test"):
        images, labels = ImageNet(**COMMON).arrays(split)
        assert [sorted(names)[label] for label in labels] == [names[number] for number in numbers(images)]
    (root / "real.json").write_text(json.dumps([[k] for k in range(1000)]))
    refused(rf"imagenet/val: real.json .*class '{sorted(names)[0]}' .*; name class folders", "test")


def test_real_and_the_labels_of_wordnet_folders_agree(root):
    folders(root, "val", WNIDS)
    (root / "real.json").write_text(json.dumps([[k] for k in range(1000)]))
    _, labels, sets = ImageNet(**COMMON).arrays("test")
    assert sets.nonzero()[:, 1].tolist() == labels.tolist()


def test_real_json_among_the_pictures_is_said_to_be_unread(root, capsys):
    folders(root, "val", WNIDS)
    (root / "val" / "real.json").write_text("[]")
    assert len(ImageNet(**COMMON).arrays("test")) == 2
    assert f"{root / 'val' / 'real.json'}: not read; ReaL's labels are read from" in capsys.readouterr().err


def test_samples_that_state_numbers_are_matched_by_the_wordnet_ids_in_their_names(root):
    samples(root, "train", [f"{wnid}_{k}" for k, wnid in enumerate(WNIDS)])
    folders(root, "val", WNIDS)
    for split in ("train", "test"):
        assert ImageNet(**COMMON).arrays(split)[1].tolist() == list(range(1000))


@pytest.mark.parametrize("split", ["train", "test"])
def test_samples_whose_names_say_nothing_are_not_matched_with_class_folders(root, split):
    samples(root, "train", range(1000))
    folders(root, "val", WNIDS)
    refused("class 0 is .* in the val part", split)


def test_samples_numbered_in_another_order_than_that_of_their_wordnet_ids_are_refused(root):
    samples(root, "train", reversed(WNIDS))
    refused(r"train.tar: n00000999.png: its label is 0, but n00000999 is not number 0", "train")


def test_data_and_so_weights_and_checkpoints_state_how_classes_are_numbered(root):
    for part in ("train", "val"):
        folders(root, part, WORDS)
        folders(root.parent / "mine", {"val": "test"}.get(part, part), WORDS)
    worded = ImageNet(**COMMON)
    assert "classes" not in worded.image_format()
    worded.arrays("train")
    assert worded.image_format()["classes"].startswith("1,000 names from 'word 0' to 'word 999' (sha256 ")
    assert ImageFolder(folder="mine", **COMMON).image_format()["classes"] == worded.image_format()["classes"]
    assert ObjectNet(**COMMON).image_format()["classes"] == "1,000 WordNet ids"


def test_a_run_goes_on_with_classes_in_their_order_only(root):
    for split in ("train", "test"):
        folders(root.parent / "mine", split, ["cat", "dog"])
    before = ImageFolder(folder="mine", **COMMON).state_dict()
    del before["prepared"]["classes"]
    ImageFolder(folder="mine", **COMMON).load_state_dict(before)  # of a checkpoint that was written earlier
    before = ImageFolder(folder="mine", **COMMON).state_dict()
    for split in ("train", "test"):
        (root.parent / "mine" / split / "cat").rename(root.parent / "mine" / split / "eel")
    with pytest.raises(ValueError, match=r"with classes .*from 'cat' to 'dog'.*from 'dog' to 'eel'"):
        ImageFolder(folder="mine", **COMMON).load_state_dict(before)
