"""No test image among the pre-training images (Section 4.1): what counts as the same image, how it is found and left out."""

import csv
import io
import os
import re

import numpy as np
import pytest
import torch
from PIL import Image
from plain_data import PLAIN
from scipy.fft import dctn
from sklearn.datasets import load_sample_images

import data.overlap.near
from data import Digits, Fractals, ImageFolder, MNIST5k
from data.overlap.__main__ import main
from data.overlap.contents import content, disjoint, shared
from data.overlap.found import DISTANCE, overlap, report
from data.overlap.near import bands, near, ones
from data.overlap.perceptual import BLANK, hashes
from data.overlap.sets import Side, given, side
from data.overlap.written import place
from data.pictures import Files
from data.without import digest_of

COMMON = PLAIN | {"image_size": 32, "batch_size": 8}


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def tiles(number, count=16):
    """Photographs: pieces (84, 106, 3) of scikit-learn's temple (0) or flower (1), none over another, rich ones first."""
    photograph = load_sample_images().images[number]
    pieces = [photograph[top : top + 84, left : left + 106] for top in range(0, 420, 84) for left in range(0, 636, 106)]
    return sorted(pieces, key=lambda piece: -np.abs(np.diff(piece.mean(2))).mean())[:count]


def tensor(images):
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()


def encoded(image, size=None, **options):
    """As JPEG, and back."""
    picture = Image.fromarray(image)
    picture = picture.resize(size, Image.Resampling.BICUBIC) if size else picture
    picture.save(file := io.BytesIO(), "JPEG", **options)
    return np.asarray(Image.open(file))


def apart(one, other):
    return ones(one ^ other).tolist()


# The hash.


def test_the_hash_is_the_low_frequencies_of_the_luma_against_their_median():
    image = torch.randint(0, 256, (3, 64, 96), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    luma = np.tensordot([0.299, 0.587, 0.114], image.numpy(), 1)
    low = dctn(luma.reshape(32, 2, 32, 3).mean((1, 3)), type=2)[:8, :8].ravel()[1:]  # without the constant
    expected = sum(2 ** (place + 1) for place in range(63) if low[place] > np.median(low))
    found = hashes(image[None]).plain
    assert found.dtype == np.uint64
    assert found.tolist() == [expected]
    assert expected.bit_count() == 31


@pytest.mark.parametrize(
    "change",
    [
        lambda image: encoded(image, quality=60),
        lambda image: encoded(image, quality=60, size=(60, 45)),
        lambda image: encoded(image, quality=60, size=(250, 140)),  # the aspect does not matter
        lambda image: np.clip(image * 1.1 + 8, 0, 255).astype(np.uint8),
    ],
    ids=["jpeg", "smaller", "larger", "brighter"],
)
def test_a_photograph_is_known_again(change):
    plain = tiles(0) + tiles(1)
    found = [hashes(tensor([change(image)])).plain[0] for image in plain]
    assert max(apart(hashes(tensor(plain)).plain, np.array(found))) <= DISTANCE


def test_different_photographs_are_far_apart():
    found = hashes(tensor(tiles(0) + tiles(1))).plain
    between = [ones(found[k] ^ found[k + 1 :]) for k in range(len(found) - 1)]
    assert np.concatenate(between).min() > 2 * DISTANCE
    assert 25 < np.concatenate(between).mean() < 34


def test_the_mirrored_hash_is_that_of_the_mirrored_image():
    images = tensor(tiles(0))
    assert np.array_equal(hashes(images).mirrored, hashes(images.flip(-1)).plain)
    assert min(apart(hashes(images).mirrored, hashes(images).plain)) > DISTANCE


def test_a_hash_depends_on_nothing_but_its_image():
    images, alone = tensor(tiles(0)), [tensor([tile]) for tile in tiles(0)]
    assert hashes(images).plain.tolist() == [hashes(image).plain[0] for image in alone]
    grey = images[:, :1]
    assert np.array_equal(hashes(grey).plain, hashes(grey[:, 0]).plain)
    assert np.array_equal(hashes(grey).plain, hashes(grey.expand(-1, 3, -1, -1)).plain)
    assert len(hashes(images[:0])) == 0


def test_blank_images_are_like_no_other_and_are_counted():
    """Their bits would be noise, or all alike."""
    noise = torch.randint(0, 4, (5, 3, 32, 32), generator=torch.Generator().manual_seed(0)) + 100
    blank = torch.cat([torch.full((5, 3, 32, 32), 255), noise]).to(torch.uint8)
    half = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    half[..., :16] = int(2 * BLANK + 1)  # its standard deviation is 2.5
    found = hashes(torch.cat([blank, half]))
    assert found.blank.tolist() == [True] * 10 + [False]
    whites = Side("whites", torch.cat([blank, half]))
    seen = overlap(whites, whites)
    assert (seen.first.tolist(), seen.second.tolist()) == ([10], [10])


def test_a_picture_that_cannot_be_read_stops_nothing(root):
    Image.fromarray(tiles(0)[0]).save(root / "a.png")
    (root / "b.png").write_bytes(b"no picture")
    Image.fromarray(tiles(0)[1]).save(root / "c.png")
    found = hashes(Files([root / name for name in ("a.png", "b.png", "c.png")], root))
    assert found.unreadable.tolist() == [False, True, False]
    assert found.known.tolist() == [0, 2]
    assert found.plain[found.known].tolist() == hashes(tensor(tiles(0)[:2])).plain.tolist()


# The search.


def test_set_bits_are_counted():
    words = np.random.default_rng(0).integers(0, 2**64, 1000, dtype=np.uint64)
    words[:3] = 0, 2**64 - 1, 2**63
    assert ones(words).tolist() == [int(word).bit_count() for word in words]


@pytest.mark.parametrize("distance", [0, 1, 4, 7, 20, 63])
def test_bands_cut_64_bits_into_equal_parts(distance):
    cut = [int(mask) for mask in bands(distance)]
    assert len(cut) == distance + 1
    assert sum(cut) == 2**64 - 1
    assert max(mask.bit_count() for mask in cut) - min(mask.bit_count() for mask in cut) <= 1


@pytest.mark.parametrize("distance", [0, 1, 2, 4, 7, 12])
@pytest.mark.parametrize(("block", "candidates"), [(2**16, 2**21), (50, 300)])
def test_the_search_finds_what_comparing_all_pairs_finds(distance, block, candidates, monkeypatch):
    monkeypatch.setattr(data.overlap.near, "BLOCK", block)
    monkeypatch.setattr(data.overlap.near, "CANDIDATES", candidates)
    random = np.random.default_rng(distance)
    few = random.integers(0, 2**64, 120, dtype=np.uint64)
    few[60:80] = few[0]  # the same image many times
    share = np.where(np.arange(400) < 50, 0, random.uniform(0, 0.25, 400))  # bits that differ
    flips = (random.random((400, 64)) < share[:, None]) @ (2 ** np.arange(64, dtype=np.uint64))
    many = np.concatenate([random.choice(few, 400) ^ flips.astype(np.uint64), random.integers(0, 2**64, 99, np.uint64)])
    table = ones(many[:, None] ^ few)
    first, second = np.nonzero(table <= distance)
    assert len(first) >= 50
    found = near(many, few, distance)
    assert [one.tolist() for one in found] == [first.tolist(), second.tolist(), table[first, second].tolist()]


def test_sets_that_are_too_much_alike_are_refused_before_memory_is_full(monkeypatch):
    monkeypatch.setattr(data.overlap.near, "MOST", 1000)
    same = np.full(40, 5, np.uint64)
    with pytest.raises(ValueError, match="more than 1,000 pairs within distance 4; choose a smaller distance"):
        near(same, same, 4)
    assert len(near(same, same[:20], 4)[0]) == 800


# The same content.


def test_content_is_pixels_and_shape():
    image = torch.arange(12, dtype=torch.uint8).reshape(1, 3, 4)
    assert content(image) == content(image.clone())
    assert len({content(image), content(image.reshape(1, 4, 3)), content(image.flip(-1))}) == 3


def test_images_that_lie_in_several_parts_are_named():
    parts = {name: torch.arange(4, dtype=torch.uint8).reshape(4, 1, 1) + 10 * k for k, name in enumerate("abc")}
    assert shared(parts) == []
    parts["c"][2] = parts["a"][1]
    parts["a"][3] = parts["a"][0]  # twice in one part is no leak
    assert shared(parts) == [[("a", 1), ("c", 2)]]


@pytest.mark.parametrize(
    ("kind", "sizes"), [(MNIST5k, "3,600, val 400, test 1,000"), (Digits, "1,167, val 130, test 500")]
)
def test_the_real_sets_are_disjoint(kind, sizes):
    assert disjoint(kind(**COMMON | {"resize": "vit_jax"})) == f"train {sizes}: disjoint"


def test_a_test_picture_among_the_training_pictures_is_named_whatever_its_file(root, capsys):
    for split, number in (("train", 0), ("test", 1)):
        for index, tile in enumerate(tiles(number, 10)):
            save(root / "mine" / split / "a" / f"{index}.png", tile)
    save(root / "mine" / "train" / "a" / "x.png", tiles(1)[3], compress_level=0)
    main(["ImageFolder folder=mine"])
    head, line = capsys.readouterr().out.splitlines()
    assert head == "train 10, val 1, test 10: 1 images lie in several of these parts"
    assert re.fullmatch(rf"  (train|val) \d+ \({root}/mine/train/a/x.png\) = test 3 \({root}/mine/test/a/3.png\)", line)
    assert not list(root.glob("*.npy"))  # nothing was packed for it


# Sets against sets.


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)


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
    stem = place("ImageFolder folder=leaky", ["ImageFolder folder=birds"])
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
    assert len(place("Digits", [f"ImageFolder folder=birds-{k}" for k in range(19)]).name) < 50


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
    module = given(arguments)
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
        (lambda lines: [lines[0].replace(" of 21 ", " of 30 "), *lines[1:]], "a list for 30 training images; there are 21 now: make it anew"),
        (lambda lines: ["5 images", *lines[1:]], r"line 1: '# LISTED of ALL ...' was expected, found '5 images'"),
        (lambda lines: [], "line 1: '# LISTED of ALL ...' was expected, found ''"),
        (lambda lines: [*lines[:2], "21" + lines[2][-17:], *lines[3:]], "line 3: an index below 21 and a hash were expected, found '21 "),
        (lambda lines: [*lines[:3], lines[2], *lines[4:]], "line 4: an index below 21 and a hash were expected"),
        (lambda lines: [*lines, "7"], "line 7: an index below 21 and a hash were expected, found '7'"),
        (lambda lines: lines[:-1], "holds 4 images, not 5 as its first line says"),
        (lambda lines: [lines[0], "0 " + lines[1][-16:], *lines[2:]], "training image 0 is not the one that was listed"),
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
    with pytest.raises(ValueError, match=f"is not the list with digest {name[-10:]}; as it is now, .*{new[-10:]}$"):
        ImageFolder(folder="leaky", without=name, **COMMON).setup("fit")


def test_a_set_that_has_changed_is_refused(sets):
    name = rewritten(listed(sets), lambda lines: lines)
    extra = sets / "leaky" / "train" / "a" / "000.png"
    save(extra, tiles(1)[4])
    (sets / "leaky" / "train" / "b" / "15.png").unlink()  # as many pictures as before
    with pytest.raises(ValueError, match=r"is not the one that was listed; make the list anew$"):
        ImageFolder(folder="leaky", without=name, **COMMON).setup("fit")


@pytest.mark.parametrize(
    "value", ["list.txt", "list.txt@12", "/list.txt@0123456789", "../list.txt@0123456789", "@0123456789"]
)
def test_a_list_is_named_with_its_digest(value):
    with pytest.raises(ValueError, match=r"^without is NAME@DIGEST, a list in the data folder"):
        Digits(without=value, **COMMON)


def test_a_missing_list_names_the_command():
    module = Digits(without="overlap/x.txt@0123456789", **COMMON)  # nothing is read yet
    with pytest.raises(FileNotFoundError, match=r"overlap/x.txt: no such list; python -m data.overlap writes one$"):
        module.setup("fit")
    module.setup("test")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Digit", "MNIST5k"], "'Digit': 'Digit' is no set; known are .*MNIST5k"),
        (["os"], "'os' is no set"),
        ([""], "'' is no set"),
        (["ImageFolder birds", "MNIST5k"], "NAME=VALUE was expected, found 'birds'"),
        (["Fractals categories=3", "MNIST5k"], "'Fractals categories=3': .*missing 2 required"),
        (["Digits folder=x", "MNIST5k"], "'Digits folder=x': .*unexpected keyword argument 'folder'"),
        (["ImageFolder folder=none"], "none: there is no train/ in it"),
        (["CIFAR10", "MNIST5k"], "python -m data fetch CIFAR10"),
        (["Digits", "MNIST5k", "--distance", "64"], "distance is a number of bits from 0 to 63, not 64"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(words, message):
    with pytest.raises(SystemExit, match=message) as raised:
        main(words)
    assert "\n" not in str(raised.value)
