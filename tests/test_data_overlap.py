"""No test image among the pre-training images (Section 4.1): what counts as the same image, and how it is found."""

import io
import re

import numpy as np
import pytest
import torch
from photographs import save, tensor, tiles
from PIL import Image
from plain_data import PLAIN
from scipy.fft import dctn

import data.overlap.near
from data import Digits, MNIST5k
from data.overlap.__main__ import main
from data.overlap.hashed import Side
from data.overlap.near import bands, near, popcount
from data.overlap.pairs import DISTANCE, overlap
from data.overlap.same_pixels import content, disjoint, shared
from data.pictures.perceptual import BLANK, hashes
from data.pictures.pictures import Files

COMMON = PLAIN | {"image_size": 32, "batch_size": 8}


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def encoded(image, size=None, **options):
    """As JPEG, and back."""
    picture = Image.fromarray(image)
    picture = picture.resize(size, Image.Resampling.BICUBIC) if size else picture
    picture.save(file := io.BytesIO(), "JPEG", **options)
    return np.asarray(Image.open(file))


def apart(one, other):
    return popcount(one ^ other).tolist()


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
    between = [popcount(found[k] ^ found[k + 1 :]) for k in range(len(found) - 1)]
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
    assert popcount(words).tolist() == [int(word).bit_count() for word in words]


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
    table = popcount(many[:, None] ^ few)
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
            save(root / "mine" / split / ("b" if index == 9 else "a") / f"{index}.png", tile)
    save(root / "mine" / "train" / "a" / "x.png", tiles(1)[3], compress_level=0)
    main(["ImageFolder folder=mine"])
    head, line = capsys.readouterr().out.splitlines()
    assert head == "train 10, val 1, test 10: 1 images occur in more than one part"
    assert re.fullmatch(rf"  (train|val) \d+ \({root}/mine/train/a/x.png\) = test 3 \({root}/mine/test/a/3.png\)", line)
    assert not list(root.glob("*.npy"))  # nothing was packed for it
