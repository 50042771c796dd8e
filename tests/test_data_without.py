"""Pre-training images that are test images too are found, listed and left out (Section 4.1); what is wrong is said."""

import csv
import os
import re

import numpy as np
import pytest
import torch
from photographs import save, tensor, tiles
from PIL import Image
from plain_data import PLAIN

from data import Digits, Fractals, ImageFolder, MNIST5k
from data.overlap.__main__ import main
from data.overlap.hashed import Side, parse_set, side
from data.overlap.outputs import output_stem
from data.overlap.pairs import DISTANCE, overlap, report
from data.pictures.without import digest_of

COMMON = PLAIN | {"image_size": 32, "batch_size": 8}


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def sets(root):
    """Pre-training pictures "clean"; the same as "leaky", among them five of the test pictures "birds", not as they were."""
    temple, flower = tiles(0), tiles(1)
    for index, tile in enumerate(temple):
        for name in ("clean", "leaky"):
            save(root / name / "train" / "ab"[index % 2] / f"{index:02}.png", tile)
            save(root / name / "test" / "ab"[index % 2] / "0.png", tile)
    for index, tile in enumerate(flower):
        for split in ("train", "test"):
            save(root / "birds" / split / "c" / f"{index:02}.png", tile)
    for index in (2, 3, 5, 8, 13):
        picture = Image.fromarray(flower[index]).resize((70, 66))
        picture.save(root / "leaky" / "train" / "ab"[index % 2] / f"{index:02}-again.jpg", quality=60)
    return root


def listed(root):
    """The list that the command writes of the leaks."""
    main(["ImageFolder folder=leaky", "ImageFolder folder=birds"])
    return next((root / "overlap").glob("*.txt"))


def test_the_command_finds_exactly_the_leaks(sets, capsys):
    main(["ImageFolder folder=leaky", "ImageFolder folder=birds"])
    stem = output_stem("ImageFolder folder=leaky", ["ImageFolder folder=birds"])
    assert stem == sets / "overlap" / "ImageFolder-folder-leaky--ImageFolder-folder-birds"
    with open(f"{stem}.csv") as file:
        rows = list(csv.DictReader(file))
    found = {(row["pretraining_name"], row["test_name"]) for row in rows}
    expected = {2: "a", 3: "b", 5: "b", 8: "a", 13: "b"}
    assert found == {(f"leaky/train/{c}/{k:02}-again.jpg", f"birds/test/c/{k:02}.png") for k, c in expected.items()}
    assert max(int(row["bits_apart"]) for row in rows) <= DISTANCE
    assert Image.open(f"{stem}.png").size == (4 * 200, 2 * 114)
    said = capsys.readouterr().out
    assert "5 pairs of 5 pre-training images and 5 test images (31.25%)" in said
    assert f"without: overlap/{stem.name}.txt@" in said
    indices = [int(line.split()[0]) for line in (sets / f"{stem}.txt").read_text().splitlines()[1:]]
    assert indices == sorted(int(row["pretraining_index"]) for row in rows)


def test_a_clean_set_has_an_empty_list_which_leaves_nothing_out(sets, capsys):
    main(["ImageFolder folder=clean", "ImageFolder folder=birds"])
    said = capsys.readouterr().out
    assert "0 pairs" in said
    assert not list((sets / "overlap").glob("*.png"))
    name = said.split("without: ")[1].strip()
    assert len(ImageFolder(folder="clean", without=name, **COMMON).training_arrays()[0]) == 16


@pytest.mark.parametrize(
    "options", [{}, {"resize": "vit_jax"}, {"subset": 0.5}, {"train_on": "all"}, {"image_size": 8}]
)
def test_training_without_the_list_is_training_as_if_the_leaks_had_never_been_there(sets, capsys, options):
    listed(sets)
    name = capsys.readouterr().out.split("without: ")[1].strip()
    options = COMMON | {"augment": ["inception_crop", "flip"]} | options
    module, clean = (
        ImageFolder(folder="leaky", without=name, **options),
        ImageFolder(folder="clean", **options),
    )
    for one in (module, clean):
        one.setup("fit")
        one.setup("test")
    assert {name: len(part) for name, part in module.parts.items()} == {
        name: len(part) for name, part in clean.parts.items()
    }
    loaders = ("train_dataloader", "val_dataloader", "test_dataloader")
    for loader in loaders:
        for batches in zip(getattr(module, loader)(), getattr(clean, loader)(), range(6), strict=False):
            (images, labels), (expected, its), _ = batches
            assert torch.equal(images, expected)
            assert torch.equal(labels, its)


def test_a_run_that_skips_takes_a_list_that_was_made_so(sets, capsys):
    (sets / "leaky" / "train" / "a" / "00.png").write_bytes(b"no picture")
    skip = {"on_error": "skip", "skip_limit": 0.1}
    main(["ImageFolder folder=leaky on_error=skip skip_limit=0.1", "ImageFolder folder=birds"])
    name = capsys.readouterr().out.split("without: ")[1].strip()
    kept = ImageFolder(folder="leaky", without=name, **skip, **COMMON).training_arrays()[0]
    (sets / "clean" / "train" / "a" / "00.png").unlink()
    assert torch.equal(kept, ImageFolder(folder="clean", **COMMON).arrays("train")[0])


def test_names_may_be_any_bytes(sets):
    strange = os.fsencode(sets / "leaky" / "train" / "a") + b"/\xff\n.png"
    os.rename(sets / "leaky" / "train" / "a" / "02-again.jpg", strange)
    path = listed(sets)
    assert b"leaky/train/a/\xff\n.png" in path.with_suffix(".csv").read_bytes()
    assert len(path.read_bytes().splitlines()) == 6


def test_several_transfer_sets_make_one_list(sets):
    main(["ImageFolder folder=leaky", "MNIST5k", "ImageFolder folder=clean", "ImageFolder folder=birds"])
    head, *rest = next((sets / "overlap").glob("*.txt")).read_text().splitlines()
    assert head == (
        "# 7 of 21 training images of ImageFolder folder=leaky within 4 of 63 bits of test images of"
        " MNIST5k, ImageFolder folder=clean, ImageFolder folder=birds"
    )
    assert len(rest) == 7  # two pictures of clean/test/ and the five
    assert len(output_stem("Digits", [f"ImageFolder folder=birds-{k}" for k in range(19)]).name) < 50


def test_mirrored_leaks_are_found_when_they_are_asked_for():
    images = tensor(tiles(0))
    training, test = Side("training", images.flip(-1)[5:8]), Side("test", images)
    assert len(overlap(training, test)) == 0
    found = overlap(training, test, mirrored=True)
    assert (found.first.tolist(), found.second.tolist(), found.apart.tolist()) == ([0, 1, 2], [5, 6, 7], [0, 0, 0])
    assert found.mirrored.all()
    both = overlap(Side("training", torch.cat([images, images.flip(-1)], 3)), test, mirrored=True)
    assert len(set(zip(both.first, both.second, strict=True))) == len(both)


def test_handwritten_digits_share_low_frequencies_though_none_is_in_both_parts():
    """So a list for glyphs needs a person's eye; the report of fractals against them is empty."""
    mnist = MNIST5k(**COMMON)
    words = re.search(r"pre-training images and (\d+) test images", report(mnist, mnist))
    assert 200 < int(words[1]) < 400
    fractals = Fractals(categories=4, instances=50, fractal_seed=0, **COMMON)
    assert "0 pairs of 0 pre-training images and 0 test images (0.00%)" in report(fractals, mnist)


def test_fractals_leave_out_too(root, capsys):
    arguments = "Fractals categories=4 instances=50 fractal_seed=0"
    module = parse_set(arguments)
    main([arguments, arguments])  # instances of one category look alike
    name = capsys.readouterr().out.split("without: ")[1].strip()
    out = overlap(side(module, "train"), side(module, "test")).rows
    assert 0 < len(out) < 200
    kept = Fractals(categories=4, instances=50, fractal_seed=0, without=name, **COMMON)
    kept.setup("fit")
    images, labels = module.arrays("train")
    rows = torch.from_numpy(np.setdiff1d(np.arange(200), out))
    assert torch.equal(kept.parts["train"].images[:, 0], images[rows])
    assert torch.equal(kept.parts["train"].labels, labels[rows])


# What is wrong is said in one line.


def rewritten(path, change):
    """A list with other lines, named by its new digest."""
    lines = change(path.read_text().splitlines())
    path.write_text("\n".join([*lines, ""]))
    return f"overlap/{path.name}@{digest_of(path.read_bytes())}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [lines[0].replace(" of 21 ", " of 30 "), *lines[1:]], "a training split of 30, which now has 21"),
        (lambda lines: ["5 images", *lines[1:]], r"line 1: expected '# LISTED of ALL ...', not '5 images'"),
        (lambda lines: [], "line 1: expected '# LISTED of ALL ...', not ''"),
        (lambda lines: [*lines[:2], "21" + lines[2][-17:], *lines[3:]], "line 3: expected a new index below 21 and a hash, not '21 "),
        (lambda lines: [*lines[:3], lines[2], *lines[4:]], "line 4: expected a new index below 21 and a hash"),
        (lambda lines: [*lines, "7"], "line 7: expected a new index below 21 and a hash, not '7'"),
        (lambda lines: lines[:-1], "lists 4 images, but its first line states 5"),
        (lambda lines: [lines[0], "0 " + lines[1][-16:], *lines[2:]], "training image 0 has changed"),
    ],
)  # fmt: skip
def test_a_damaged_list_is_refused(sets, change, message):
    name = rewritten(listed(sets), change)
    with pytest.raises(ValueError, match=message) as raised:
        ImageFolder(folder="leaky", without=name, **COMMON).setup("fit")
    assert "\n" not in str(raised.value)


def test_a_list_that_has_changed_is_refused_with_its_new_digest(sets):
    path = listed(sets)
    name = rewritten(path, lambda lines: lines)
    new = rewritten(path, lambda lines: [lines[0] + " (by hand)", *lines[1:]])
    with pytest.raises(ValueError, match=f"has digest {new[-10:]}, not {name[-10:]}"):
        ImageFolder(folder="leaky", without=name, **COMMON).setup("fit")


def test_a_set_that_has_changed_is_refused(sets):
    name = rewritten(listed(sets), lambda lines: lines)
    extra = sets / "leaky" / "train" / "a" / "000.png"
    save(extra, tiles(1)[4])
    (sets / "leaky" / "train" / "b" / "15.png").unlink()  # as many pictures as before
    with pytest.raises(ValueError, match=r"training image \d+ has changed since it was listed"):
        ImageFolder(folder="leaky", without=name, **COMMON).setup("fit")


@pytest.mark.parametrize(
    "value", ["list.txt", "list.txt@12", "/list.txt@0123456789", "../list.txt@0123456789", "@0123456789"]
)
def test_a_list_is_named_with_its_digest(value):
    with pytest.raises(ValueError, match=r"^without must be NAME@DIGEST.* data folder"):
        Digits(without=value, **COMMON)


def test_a_missing_list_names_the_command():
    module = Digits(without="overlap/x.txt@0123456789", **COMMON)  # nothing is read yet
    with pytest.raises(FileNotFoundError, match=r"overlap/x.txt: no such file; python -m data.overlap"):
        module.setup("fit")
    module.setup("test")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Digit", "MNIST5k"], "'Digit': unknown data set 'Digit' .*MNIST5k"),
        (["os"], "unknown data set 'os'"),
        ([""], "unknown data set ''"),
        (["ImageFolder birds", "MNIST5k"], "expected NAME=VALUE, got 'birds'"),
        (["Fractals categories=3", "MNIST5k"], "'Fractals categories=3': .*missing 2 required"),
        (["Digits folder=x", "MNIST5k"], "'Digits folder=x': .*unexpected keyword argument 'folder'"),
        (["ImageFolder folder=none"], "none: no train/ folder"),
        (["CIFAR10", "MNIST5k"], "python -m data fetch CIFAR10"),
        (["Digits", "MNIST5k", "--distance", "64"], "distance must be between 0 and 63 bits, not 64"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(words, message):
    with pytest.raises(SystemExit, match=message) as raised:
        main(words)
    assert "\n" not in str(raised.value)
