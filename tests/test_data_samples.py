"""WebDataset samples: what states a class, what is refused because nobody can know what it means."""

import json
import tarfile
import warnings
import zipfile

import pytest
from archive_files import add, numbers, png, tar
from plain_data import PLAIN

from data import ImageFolder
from data.pictures.archives import open_archives

COMMON = PLAIN | {"image_size": 4, "batch_size": 4, "resize": "vit_jax"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def label(value):
    return json.dumps({"label": value, "width": 9}).encode()


def samples(classes):
    """A sample a class, of which picture k says k."""
    members = [(f"{k}.png", png(k), f"{k}.cls", str(class_).encode()) for k, class_ in enumerate(classes)]
    return {name: data for picture, content, name, text in members for name, data in ((picture, content), (name, text))}


def test_samples_state_their_class_in_files_beside_the_picture(folder):
    first = tar(folder / "0.tar", {"a.jpg": png(0), "a.cls": b"7", "b.cls": b" 3\n", "b.jpg": png(1)})
    second = tar(
        folder / "1.tar", {"a.webp": png(2), "a.json": label(5), "c.png": png(3), "d.png": png(4), "d.cls": b"-1"}
    )
    members = open_archives([first, second])
    assert members.classes.tolist() == [7, 3, 5, -1, -1]  # the a of one archive is not the a of the other
    assert members.stated.tolist() == [True, True, True, False, True]
    assert numbers(members) == [0, 1, 2, 3, 4]


def test_a_zip_may_pack_what_states_the_class(folder):
    with zipfile.ZipFile(folder / "0.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", png(0))
        archive.writestr("a.json", label(5))
    assert open_archives([folder / "0.zip"]).classes.tolist() == [5]


@pytest.mark.parametrize(
    "text", [b"\x00cat", b"true", b"1.0", b"[1]", b'"1"', b"", b"1000001", b'{"label": 1}', b"[" * 5000]
)
def test_a_cls_file_holds_a_whole_number(folder, text):
    with pytest.raises(ValueError, match=r"0.tar: a.cls states no class; it must hold a whole number[^\n]*$"):
        open_archives([tar(folder / "0.tar", {"a.cls": text, "a.jpg": png(0)})])


@pytest.mark.parametrize(
    "text", [label(True), label("cat"), label([1]), label(None), label(1.0), label(10**7), b"[1]", b"{"]
)
def test_a_json_file_holds_one_or_a_label(folder, text):
    expected = r"0.tar: a.json states no class; it must hold a whole number up to 1,000,000, or an object with such"
    with pytest.raises(ValueError, match=expected):
        open_archives([tar(folder / "0.tar", {"a.jpg": png(0), "a.json": text})])
    beside = {"a.jpg": png(0), "a.json": text, "a.cls": b"4"}  # then the .json is about something else
    assert open_archives([tar(folder / "1.tar", beside)]).classes.tolist() == [4]


def test_a_json_without_a_label_or_without_a_picture_states_nothing(folder):
    members = {"a.jpg": png(0), "a.json": b'{"width": 9}', "annotations.json": b"[1, 2]"}
    assert open_archives([tar(folder / "0.tar", members)]).stated.tolist() == [False]


@pytest.mark.parametrize("names", [("a.cls", "a.json"), ("a.json", "a.cls")])
def test_two_files_that_disagree_are_refused(folder, names):
    text = {"a.cls": b"7", "a.json": label(5)}
    stated = {"a.cls": 7, "a.json": 5}
    path = tar(folder / "0.tar", {"a.jpg": png(0), **{name: text[name] for name in names}})
    first, second = names
    expected = f"0.tar: {second} states class {stated[second]}, .* {stated[first]}; correct one"
    with pytest.raises(ValueError, match=expected):
        open_archives([path])
    assert open_archives(
        [tar(folder / "1.tar", {"a.jpg": png(0), "a.cls": b"5", "a.json": label(5)})]
    ).classes.tolist() == [5]


@pytest.mark.parametrize("other", ["k.seg.jpg", "k.png"])
def test_a_sample_has_one_picture(folder, other):
    """Both would count, and might lie on both sides of a split."""
    members = {"k.jpg": png(0), other: png(1)}
    with pytest.raises(ValueError, match=f"0.tar: k.jpg and {other} are pictures of the same sample"):
        open_archives([tar(folder / "0.tar", members | {"k.cls": b"1"})])
    assert numbers(open_archives([tar(folder / "1.tar", members)])) == [
        0,
        1,
    ]  # with no class stated they are two pictures


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_two_members_of_one_name_are_refused_in_one_archive_but_not_in_two(folder, kind):
    shards = [tar(folder / f"{k}.tar", {"cat/1.png": png(k)}) for k in range(2)]
    assert numbers(open_archives(shards)) == [0, 1]
    path = folder / f"twice.{kind}"
    if kind == "tar":
        with tarfile.open(path, "w") as archive:
            add(archive, "cat/1.png", png(0))
            add(archive, "./cat//1.png", png(1))
    else:
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for k in range(2):
                archive.writestr("cat/1.png", png(k))
    with pytest.raises(ValueError, match=f"twice.{kind}: two members have the path cat/1.png"):
        open_archives([path])


def test_a_picture_whose_class_nothing_states_is_named(folder):
    tar(folder / "mine" / "train.tar", samples([0, 1]) | {"x.png": png(9), "x.json": b'{"width": 9}'})
    with pytest.raises(ValueError, match=r"train.tar: x.png: no .cls or .json file states its class"):
        ImageFolder(folder="mine", **COMMON)


def test_minus_one_is_a_class_out_of_range(folder):
    tar(folder / "mine" / "train.tar", samples([0, 1]))
    tar(folder / "mine" / "test.tar", samples([0, -1, 1]))
    with pytest.raises(ValueError, match=r"ImageFolder, test: image 1: class -1 is not one of 0 to 1; 1 of 3 "):
        ImageFolder(folder="mine", **COMMON).setup("test")


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ([1, 2, 3], r"no pictures of the class '0'; numbers must go from 0 to 3 without gaps"),  # counted from 1
        ([0, 1, 5], r"no pictures of the class '2' and 2 others; numbers must go from 0 to 5 without gaps"),
    ],
)
def test_a_gap_in_the_numbers_is_a_class_without_pictures(folder, classes, told, capsys):
    tar(folder / "mine" / "train.tar", samples(classes))
    with pytest.raises(ValueError, match=f"mine/train: {told}"):
        ImageFolder(folder="mine", **COMMON)
    module = ImageFolder(folder="mine", on_error="skip", **COMMON | {"train_on": "all"})
    module.setup("fit")
    assert module.skipped_images() == {"empty classes": max(classes) + 1 - 3}
    assert capsys.readouterr().err.count("skipped: ") == 1


def test_numbers_are_no_names(folder):
    """Training pictures in folders cat and dog, test samples of classes 0 and 1: nobody says that cat is 0."""
    tar(folder / "mine" / "train.tar", {"cat/0.png": png(0), "dog/1.png": png(1)})
    tar(folder / "mine" / "test.tar", samples([0, 1]))
    expected = r"mine/test: its samples state class numbers, but training pictures have class names"
    with pytest.raises(ValueError, match=expected):
        ImageFolder(folder="mine", **COMMON).setup("test")
