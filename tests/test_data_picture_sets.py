"""Sets that torchvision lacks, as pictures: DMLab's tars, Resisc45's zip, Kaggle's retinas and ObjectNet's folders."""

import os
import re

import foreign_files as foreign
import pytest
import torch

from data.pictures.archives import Members
from data.pictures.decode import Unreadable
from data.pictures.pictures import Files, Pictures
from data.sets.objectnet import ObjectNet
from data.sets.vtab.dmlab import DMLab
from data.sets.vtab.resisc45 import Resisc45
from data.sets.vtab.retinopathy import Retinopathy

SETS = {DMLab: 6, Resisc45: 45, Retinopathy: 5, ObjectNet: 1000}
SPLITS = {DMLab: ["train", "test"], Resisc45: ["train", "test"], Retinopathy: ["train", "test"], ObjectNet: ["test"]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def build(kind, resize="vit_jax", **options):
    return kind(**foreign.PLAIN | options, resize=resize)


def made(kind, folder):
    """A small set of that kind in the data folder."""
    if kind is Resisc45:
        return foreign.resisc45(folder / "resisc45", zipped=True)
    root = folder / {DMLab: "dmlab", Retinopathy: "retinopathy", ObjectNet: "objectnet-1.0"}[kind]
    return {DMLab: foreign.dmlab, Retinopathy: foreign.retinopathy, ObjectNet: foreign.objectnet}[kind](root)


@pytest.mark.parametrize(("kind", "split"), [(kind, split) for kind in SETS for split in SPLITS[kind]])
def test_a_missing_file_is_named_with_where_to_get_it(kind, split, folder):
    module = build(kind)
    assert module.num_classes == SETS[kind]
    how = {DMLab: r"python -m data fetch DMLab$", Resisc45: r"python -m data fetch Resisc45$"}
    with pytest.raises(
        FileNotFoundError, match=rf"^{folder}/\S+ is missing: {how.get(kind, 'manual download: https')}"
    ):
        module.arrays(split)


@pytest.mark.parametrize("kind", SETS)
def test_pictures_are_decoded_when_they_are_needed_or_once(kind, folder):
    made(kind, folder)
    for split in SPLITS[kind]:
        pictures, labels = build(kind).arrays(split)
        assert isinstance(pictures, Pictures)
        assert len(pictures) == len(labels)
        once, same = build(kind, "once").arrays(split)
        assert once.shape == (len(labels), 3, 32, 32)
        assert torch.equal(labels, same)
        for few in (pictures.select([1]), pictures):  # a part is of the same kind as the whole
            assert {(image.dtype, image.ndim, len(image)) for image in few[range(len(few))]} == {(torch.uint8, 3, 3)}
        assert torch.equal(pictures.select([1])[[0]][0], pictures[[1]][0])


@pytest.mark.parametrize("kind", [DMLab, Resisc45, Retinopathy])
def test_they_train_and_test(kind, folder):
    made(kind, folder)
    module = build(kind, held_out=0.4)
    module.setup("fit")
    module.setup("test")
    images, labels = next(iter(module.train_dataloader()))
    assert images.shape == (4, 3, 32, 32)
    assert 0 <= labels.min() <= labels.max() < SETS[kind]
    assert sum(len(labels) for _, labels in module.test_dataloader()) == len(module.arrays("test")[1])


def test_dmlab_reads_each_picture_with_the_class_beside_it(folder):
    foreign.dmlab(folder / "dmlab")
    pictures, labels = build(DMLab).arrays("train")
    assert isinstance(pictures, Members)
    assert labels.tolist() == [3, 0, 5, 1, 4, 2]
    assert [round(image.float().mean().item() / 40) for image in pictures[range(6)]] == [3, 0, 5, 1, 4, 2]
    assert build(DMLab).arrays("test")[1].tolist() == [5, 0, 1]


@pytest.mark.parametrize(("stated", "label"), [({"a.cls": b"6"}, "class 6"), ({}, "class -1")])
def test_a_frame_of_another_class_is_named(stated, label, folder):
    path = foreign.tar(folder / "dmlab" / "train" / "0.tar", {"a.webp": foreign.flat(9, kind="webp"), **stated})
    with pytest.raises(
        ValueError, match=rf"^DMLab, train: {path}: a.webp: {label} is not one of 0 to 5; 1 of 1 labels"
    ):
        build(DMLab).setup("fit")


def test_tars_without_pictures_are_refused(folder):
    foreign.tar(folder / "dmlab" / "train" / "0.tar", {"a.txt": b"1"})
    with pytest.raises(ValueError, match=rf"{folder}/dmlab/train.* no pictures"):
        build(DMLab).arrays("train")


def colors(pictures):
    """(class, number) of Resisc45's pictures, from their colors."""
    return [
        tuple((image.float().mean((1, 2))[:2] / torch.tensor([5, 40])).round().int().tolist()) for image in pictures
    ]


@pytest.mark.parametrize("zipped", [True, False])
def test_resisc45_follows_the_published_lists(zipped, folder):
    foreign.resisc45(folder / "resisc45", zipped)
    for split, names in {
        "train": ["kind_07_002.jpg", "kind_00_001.jpg"],
        "test": ["kind_44_005.jpg"],
        "val": [],
    }.items():
        (folder / "resisc45" / f"resisc45-{split}.txt").write_text("".join(f"{name}\n" for name in names))
    pictures, labels = build(Resisc45).arrays("train")
    assert labels.tolist() == [0, 7]
    assert colors(pictures[[0, 1]]) == [(0, 0), (7, 1)]
    pictures, labels = build(Resisc45).arrays("test")
    assert (labels.tolist(), colors(pictures[[0]])) == ([44], [(44, 4)])


def test_resisc45_is_divided_by_a_seed_without_lists_the_same_in_a_zip_and_a_folder(folder, tmp_path, monkeypatch):
    parts = {}
    for zipped in (True, False):
        monkeypatch.setenv("VIT_DATA", str(tmp_path / str(zipped)))
        foreign.resisc45(tmp_path / str(zipped) / "resisc45", zipped)
        for split in ("train", "test"):
            pictures, labels = build(Resisc45).arrays(split)
            parts[zipped, split] = colors(pictures[range(len(pictures))])
            assert labels.tolist() == [kind for kind, _ in parts[zipped, split]]
    assert [len(parts[True, split]) for split in ("train", "test")] == [135, 45]  # of 225
    assert not {*parts[True, "train"]} & {*parts[True, "test"]}
    assert len({kind for kind, _ in parts[True, "test"]}) > 20  # not one end of the alphabet
    assert parts[True, "train"] == parts[False, "train"]


def test_resisc45_says_what_its_lists_and_folders_lack(folder):
    foreign.resisc45(folder / "resisc45", zipped=False, each=1)
    root = folder / "resisc45"
    for split, text, why in (
        ("train", "kind_00_009.jpg\n", "picture 'kind_00_009.jpg' does not exist"),
        ("test", "\n", "is empty"),
    ):
        (root / "resisc45-train.txt").write_text("kind_00_001.jpg")
        (root / "resisc45-test.txt").write_text("kind_01_001.jpg")
        (root / f"resisc45-{split}.txt").write_text(text)
        with pytest.raises(ValueError, match=f"^{root}/resisc45-{split}.txt.*{why}"):
            build(Resisc45).arrays(split)
    (root / "resisc45-test.txt").write_text("kind_00_001.jpg\nkind_01_001.jpg")
    (root / "resisc45-train.txt").write_text("kind_00_001.jpg")
    with pytest.raises(ValueError, match=f"^{root}/resisc45-test.txt: 'kind_00_001.jpg' is in resisc45-train.txt"):
        build(Resisc45).arrays("train")
    (root / "resisc45-test.txt").unlink()
    with pytest.raises(ValueError, match=f"^{root}/resisc45-test.txt is missing"):
        build(Resisc45).arrays("train")
    (root / "NWPU-RESISC45" / "kind_45").mkdir()
    foreign.written(root / "NWPU-RESISC45" / "kind_45" / "kind_45_001.jpg", foreign.flat(1, kind="jpeg"))
    with pytest.raises(ValueError, match="pictures of 46 classes, not of 45"):
        build(Resisc45).arrays("train")


def test_retinopathy_tests_on_the_private_rows_only(folder):
    foreign.retinopathy(folder / "retinopathy")
    assert build(Retinopathy).arrays("train")[1].tolist() == [0, 4, 2]
    pictures, labels = build(Retinopathy).arrays("test")
    assert [os.path.basename(pictures.name(row)) for row in (0, 1)] == ["1_left.jpeg", "2_left.jpeg"]
    assert labels.tolist() == [3, 0]


def test_a_retina_is_prepared_once_and_again_when_its_photograph_changes(folder, monkeypatch):
    foreign.retinopathy(folder / "retinopathy")
    pictures, _ = build(Retinopathy).arrays("train")
    first = pictures.picture(0)
    assert first.shape == (3, 540, 540)  # the disc of radius 40, grown to 300, cut at 270
    assert (first[:, 200:340, 200:340].int() - 128).abs().max() <= 4  # even, but for the photograph's own JPEG
    with monkeypatch.context() as patch:
        patch.setattr("data.sets.vtab.retinopathy.btgraham", None)  # a second time would fail
        assert torch.equal(build(Retinopathy).arrays("train")[0].picture(0), first)
    photograph = folder / "retinopathy" / "train" / "10_left.jpeg"
    photograph.write_bytes(foreign.flat(90, 60, 60, kind="jpeg"))
    later = photograph.stat().st_mtime_ns + 10**9
    os.utime(photograph, ns=(later, later))
    assert not torch.equal(pictures.picture(0), first)
    assert {path.name for path in (folder / "retinopathy").iterdir()} == {
        *("trainLabels.csv", "retinopathy_solution.csv", "train", "test", "train-btgraham-300"),
    }
    assert [path.name for path in (folder / "retinopathy" / "train-btgraham-300").iterdir()] == ["10_left.jpeg"]


@pytest.mark.parametrize("spoil", [os.remove, lambda path: os.truncate(path, 0), lambda path: os.truncate(path, 300)])
def test_a_photograph_that_cannot_be_read_is_named_once(spoil, folder):
    foreign.retinopathy(folder / "retinopathy")
    path = folder / "retinopathy" / "train" / "10_right.jpeg"
    spoil(path)
    with pytest.raises(Unreadable, match=f"^{path} is not a readable picture [^/]*$"):
        build(Retinopathy).arrays("train")[0].picture(1)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([["image", "level"], ["10_left", 0], ["10_right", 5]], "line 3 .*level"),
        ([["image", "level"], ["../10_left", 0]], "line 2 .*level"),
        ([["image", "level"], ["10_left"]], "line 2 .*level"),
        ([["name", "grade"], ["10_left", 0]], "line 2 .*level"),
        ([["image", "level"]], "has no rows"),
        ([], "has no rows"),
    ],
)
def test_what_is_wrong_with_kaggles_list_is_said(rows, why, folder):
    foreign.retinopathy(folder / "retinopathy")
    path = foreign.table(folder / "retinopathy" / "trainLabels.csv", rows)
    with pytest.raises(ValueError, match=f"^{path}.* ?{why}"):
        build(Retinopathy).arrays("train")


def test_objectnets_classes_stand_for_sets_of_imagenets(folder):
    """banana is line 0 of ImageNet's names, so PyTorch's 999; digital clock 998; binder 997; analog clock 996."""
    foreign.objectnet(folder / "objectnet-1.0")
    pictures, sets = build(ObjectNet).arrays("test")
    assert (sets.shape, sets.dtype) == ((6, 1000), torch.bool)
    assert [row.nonzero().flatten().tolist() for row in sets] == [[996, 998]] * 2 + [[999]] * 2 + [[997]] * 2
    names = [os.path.relpath(pictures.name(row), folder / "objectnet-1.0" / "images") for row in range(6)]
    assert names == [f"{name}/{k}.png" for name in ("alarm_clock", "banana", "binder_closed") for k in (0, 1)]


def test_objectnets_red_frame_is_cut_off(folder):
    foreign.objectnet(folder / "objectnet-1.0")
    pictures, _ = build(ObjectNet).arrays("test")
    assert {tuple(image.shape) for image in pictures[range(6)]} == {(3, 8, 16)}
    assert pictures.dimensions(0) == (8, 16)
    assert pictures.picture(3).unique(dim=1).tolist() == [[[0] * 16], [[50] * 16], [[101] * 16]]
    banana = folder / "objectnet-1.0" / "images" / "banana" / "0.png"
    banana.write_bytes(foreign.flat(0, 4, 4))
    with pytest.raises(Unreadable, match=f"^{banana} is not a readable picture .*frame"):
        build(ObjectNet).arrays("test")[0].picture(2)


def test_nothing_is_trained_on_objectnet(folder):
    foreign.objectnet(folder / "objectnet-1.0")
    with pytest.raises(ValueError, match=r"^ObjectNet has no training split: [^\n]*$"):
        build(ObjectNet).setup("fit")
    module = build(ObjectNet)
    module.setup("test")
    images, sets = next(iter(module.test_dataloader()))
    assert (images.shape, sets.shape) == ((6, 3, 32, 32), (6, 1000))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "objectnet_to_imagenet_1k.json",
            '{"Banana": "plantain"}',
            "'Banana' maps to 'plantain', which is not a class",
        ),
        ("objectnet_to_imagenet_1k.json", "{}", "maps no folder to a class"),
        ("objectnet_to_imagenet_1k.json", '["Banana"]', "is not a JSON object"),
        ("objectnet_to_imagenet_1k.json", '{"Banana": 3}', "is not a JSON object"),
        ("objectnet_to_imagenet_1k.json", "{", "cannot be read"),
        ("folder_to_objectnet_label.json", '{"../../x": "Banana"}', "'../../x' is not a folder name"),
        ("pytorch_to_imagenet_2012_id.json", '{"1000": 0}', "'1000' is not a class"),
        ("pytorch_to_imagenet_2012_id.json", '{"1": -1}', "'1' is not a class"),
        ("imagenet_to_label_2012_v2", "banana", "'998' is not a class"),
    ],
)
def test_what_is_wrong_with_objectnets_tables_is_said(name, text, why, folder):
    root = folder / "objectnet-1.0" / "mappings"
    foreign.objectnet(folder / "objectnet-1.0")
    (root / name).write_text(text)
    with pytest.raises(ValueError, match=f"^{root}.*{re.escape(why)}"):
        build(ObjectNet).arrays("test")


def test_a_part_of_files_keeps_their_kind(folder):
    class Dark(Files):
        def picture(self, index):
            return super().picture(index) // 2

    path = foreign.written(folder / "x.png", foreign.flat(100))
    assert Dark([path], folder).select([0]).picture(0).unique().tolist() == [50]
