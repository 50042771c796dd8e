"""Augmentations are pure functions of (seed, epoch, index) of each image, and do what their names say."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torchvision.transforms import RandAugment, RandomErasing
from torchvision.transforms import functional as F

from data import Digits
from data.draws import uniform
from data.transforms.augment import AUGMENTATIONS, crop, cutout, flip, pad_crop, shift
from data.transforms.color_jitter import color_jitter
from data.transforms.rand_augment import rand_augment
from data.transforms.random_erasing import erasing_boxes, random_erasing
from data.transforms.transform import Transform

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(1, 256, (200, 3, 32, 32), dtype=np.uint8))
WITH_NUMBERS = AUGMENTATIONS | {
    "flip": lambda images, *draw: flip(images.clone(), *draw),  # it overwrites them
    "pad_crop": partial(pad_crop, reach=5),
    "color": partial(color_jitter, strength=0.4),
    "cutout": partial(cutout, reach=9),
    "rand_augment": partial(rand_augment, magnitude=9),
    "random_erasing": partial(random_erasing, probability=0.5),
}
EPOCHS, INDICES = np.repeat([0, 1], 100), np.arange(200)


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_an_image_is_changed_the_same_way_in_any_company(name):
    augment = WITH_NUMBERS[name]
    together = augment(IMAGES, 0, EPOCHS, INDICES)
    order = np.random.default_rng(1).permutation(200)[:7]
    assert torch.equal(augment(IMAGES[order], 0, EPOCHS[order], INDICES[order]), together[order])


@pytest.mark.parametrize("word", ["inception_crop", "torchvision_crop", "random_crop(40)"])
@pytest.mark.parametrize("sides", [32, 50])
def test_an_image_is_cut_the_same_way_in_any_company(word, sides):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (200, 3, sides, sides), dtype=np.uint8))
    cut = Transform(size=32, augment=[word], evaluation="resize", resize="vit_jax").augment
    together = cut(images, 0, EPOCHS, INDICES)
    order = np.random.default_rng(1).permutation(200)[:7]
    assert torch.equal(cut(images[order], 0, EPOCHS[order], INDICES[order]), together[order])


@pytest.mark.parametrize("name", WITH_NUMBERS)
@pytest.mark.parametrize("other", [(1, EPOCHS, INDICES), (0, EPOCHS + 1, INDICES), (0, EPOCHS, INDICES + 1)])
def test_seed_epoch_and_index_each_matter(name, other):
    augment = WITH_NUMBERS[name]
    assert not torch.equal(augment(IMAGES, 0, EPOCHS, INDICES), augment(IMAGES, *other))


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_shapes_stay(name):
    assert WITH_NUMBERS[name](IMAGES[:5, :1], 0, EPOCHS[:5], INDICES[:5]).shape == (5, 1, 32, 32)


def test_flip_mirrors_half_of_the_images():
    flipped = flip(IMAGES.clone(), 0, EPOCHS, INDICES)
    mirrored = (flipped == IMAGES.flip(-1)).flatten(1).all(1)
    same = (flipped == IMAGES).flatten(1).all(1)
    assert torch.all(mirrored ^ same)
    assert 80 < mirrored.sum() < 120


def test_shift_moves_whole_images_by_up_to_an_eighth_and_fills_with_black():
    seen = set()
    for image, moved in zip(IMAGES, shift(IMAGES, 0, EPOCHS, INDICES), strict=True):
        rows, columns = moved[0].amax(1).nonzero().flatten(), moved[0].amax(0).nonzero().flatten()  # not black
        down = rows[0] if rows[0] else rows[-1] - 31
        right = columns[0] if columns[0] else columns[-1] - 31
        expected = torch.zeros_like(image)
        expected[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = image[
            :, max(0, -down) : 32 - max(0, down), max(0, -right) : 32 - max(0, right)
        ]
        assert torch.equal(moved, expected)
        seen |= {int(down), int(right)}
    assert seen == set(range(-4, 5))


def test_pad_crop_is_a_window_on_the_image_in_a_black_frame():
    moved = pad_crop(IMAGES, 0, EPOCHS, INDICES, 5)
    framed = torch.nn.functional.pad(IMAGES, [5] * 4)
    windows = [framed[:, :, top : top + 32, left : left + 32] for top in range(11) for left in range(11)]
    which = torch.stack([(window == moved).flatten(1).all(1) for window in windows])  # (121, B)
    assert torch.equal(which.sum(0), torch.ones(200, dtype=torch.int64))
    assert {int(window) // 11 for window in which.int().argmax(0)} == set(range(11))
    assert {int(window) % 11 for window in which.int().argmax(0)} == set(range(11))


def test_cutout_greys_one_square_with_its_middle_in_the_image():
    holes = (cutout(IMAGES, 0, EPOCHS, INDICES, 9) == 127.5).all(1)
    rows, columns = holes.any(2), holes.any(1)  # (B, S)
    assert torch.equal(holes, rows[:, :, None] & columns[:, None, :])
    for side in (rows, columns):
        lengths = side.sum(1)
        assert lengths.min() == 5  # the middle at the edge
        assert lengths.max() == 9
        first, last = side.int().argmax(1), 31 - side.flip(1).int().argmax(1)
        assert torch.equal(last - first + 1, lengths)
        assert torch.all((lengths == 9) | (first == 0) | (last == 31))
    assert torch.equal(cutout(IMAGES, 0, EPOCHS, INDICES, 9)[~holes[:, None].expand(-1, 3, -1, -1)],
                       IMAGES[~holes[:, None].expand(-1, 3, -1, -1)].float())  # fmt: skip


def test_colour_multiplies_brightness_contrast_and_saturation():
    """A flat grey image shows brightness alone; a black and white one of mean 127.5 contrast too; red saturation."""
    flat = torch.full((200, 3, 4, 4), 100.0)
    brightness = color_jitter(flat, 0, EPOCHS, INDICES, 0.4)[:, :, 0, 0] / 100
    assert torch.allclose(brightness, brightness[:, :1].expand(-1, 3), atol=1e-3)
    assert 0.6 <= brightness.min() < 0.62
    assert 1.38 < brightness.max() <= 1.4001
    assert abs(brightness.mean() - 1) < 0.05
    two = torch.cat([torch.full((200, 3, 4, 2), 80.0), torch.full((200, 3, 4, 2), 120.0)], -1)
    seen = color_jitter(two, 0, EPOCHS, INDICES, 0.4)[:, 0, 0]
    contrast = (seen[:, 3] - seen[:, 0]) / 40 / brightness[:, 0]
    assert torch.allclose((seen[:, 3] + seen[:, 0]) / 2, 100 * brightness[:, 0], atol=1e-2)
    assert 0.6 <= contrast.min() < 0.63
    assert 1.37 < contrast.max() <= 1.401
    assert abs(np.corrcoef(contrast, brightness[:, 0])[0, 1]) < 0.2
    red = torch.tensor([130.0, 100.0, 100.0])[:, None, None].expand(200, 3, 4, 4)
    seen = color_jitter(red, 0, EPOCHS, INDICES, 0.4)[:, :, 0, 0]
    saturation = (seen[:, 0] - seen[:, 1]) / 30 / brightness[:, 0] / contrast
    assert 0.6 <= saturation.min() < 0.63
    assert 1.37 < saturation.max() <= 1.401


def test_crop_shows_a_part_that_lies_inside_the_image():
    ramp = torch.arange(32.0).expand(200, 1, 32, 32) * 8  # brighter to the right
    cropped = crop(ramp, 0, EPOCHS, INDICES)
    slope = (cropped[..., 24] - cropped[..., 8])[:, 0, 0] / (8 * 16)  # width of the part, of the image's
    assert 0.5**0.5 * (3 / 4) ** 0.5 - 0.01 < slope.min() < 0.7
    assert 0.97 < slope.max() <= 1.001
    assert cropped.min() >= 0
    assert cropped.max() <= 248


def shear(image, x, y):
    """Around the top left corner, so many pixels a pixel."""
    degrees = [math.degrees(math.atan(x)), math.degrees(math.atan(y))]
    return F.affine(image, 0.0, [0, 0], 1.0, degrees, center=[0, 0])


def operations(image, magnitude):
    """RandAugment's fourteen operations of a magnitude from 0 to 30, both signs of the signed ones."""

    def of(most):
        return float(torch.linspace(0, most, 31)[magnitude])  # a float32, as torchvision has it

    yield from (image, F.autocontrast(image), F.equalize(image))
    yield F.posterize(image, 8 - round(magnitude / 7.5))
    yield F.solarize(image, 255 - of(255))
    for sign in (1, -1):
        pixels = sign * int(of(150 / 331 * image.shape[-1]))
        yield from (shear(image, sign * of(0.3), 0.0), shear(image, 0.0, sign * of(0.3)))
        yield from (F.affine(image, 0.0, [pixels, 0], 1.0, [0.0]), F.affine(image, 0.0, [0, pixels], 1.0, [0.0]))
        yield F.rotate(image, sign * of(30))
        for adjust in (F.adjust_brightness, F.adjust_saturation, F.adjust_contrast, F.adjust_sharpness):
            yield adjust(image, 1 + sign * of(0.9))


def test_rand_augment_is_two_of_fourteen_operations():
    """Each image is one of the 23 x 23 results."""
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)), 16)
    image = (image[0] * 200 + 20).to(torch.uint8)
    results = torch.stack([twice for once in operations(image, 10) for twice in operations(once, 10)])
    found = rand_augment(image.expand(200, -1, -1, -1), 0, EPOCHS, INDICES, magnitude=10)
    assert found.dtype == torch.float32
    same = (found[:, None] == results[None]).flatten(2).all(2)  # (B, 529)
    assert same.any(1).all()
    assert len({int(row) for row in same.int().argmax(1)}) > 90  # different operations for different images


def test_rand_augment_is_torchvisions_as_often_as_torchvisions():
    """The mean levels of one image under torchvision's own draws are distributed alike."""
    image = (torch.arange(3 * 8 * 8).reshape(3, 8, 8) * 1.2 + 10).to(torch.uint8)
    draws, grid = 1500, np.linspace(0, 255, 500)
    ours = rand_augment(image.expand(draws, -1, -1, -1), 0, np.zeros(draws, int), np.arange(draws), magnitude=9)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = [RandAugment(magnitude=9)(image).float() for _ in range(draws)]
    means = [np.sort([float(result.mean()) for result in results]) for results in (ours, theirs)]
    below = [np.searchsorted(mean, grid) / draws for mean in means]
    assert np.abs(below[0] - below[1]).max() < 1.95 * math.sqrt(2 / draws)  # Kolmogorov and Smirnov at 0.1%


def test_rand_augment_leaves_torchs_own_draws_alone():
    torch.manual_seed(3)
    expected = torch.rand(5)
    torch.manual_seed(3)
    rand_augment(IMAGES[:4], 0, EPOCHS[:4], INDICES[:4], magnitude=9)
    assert torch.equal(torch.rand(5), expected)


def erased_box(size, index):
    """One image by the rules in plain Python: top, left, height, width; None where nothing is erased."""

    def draw(stream, *attempt):
        return float(uniform(7, 2, index, stream, *attempt))

    if draw(220) >= 0.6:
        return None
    for attempt in range(10):
        area = size * size * (0.02 + 0.31 * draw(222, attempt))
        ratio = math.exp(math.log(0.3) + draw(221, attempt) * (math.log(3.3) - math.log(0.3)))
        tall, wide = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if tall < size and wide < size:
            return int(draw(223) * (size - tall + 1)), int(draw(224) * (size - wide + 1)), tall, wide
    return None


@pytest.mark.parametrize("size", [32, 7, 2])
def test_random_erasing_greys_the_rectangle_of_torchvisions_rules(size):
    images = IMAGES[:, :, :size, :size]
    found = random_erasing(images, 7, np.full(200, 2), INDICES, 0.6)
    for index, image in enumerate(images.float()):
        if box := erased_box(size, index):
            top, left, tall, wide = box
            image[:, top : top + tall, left : left + wide] = 127.5
        assert torch.equal(found[index], image)


def test_rectangles_are_as_tall_and_as_wide_as_torchvisions():
    count = 2000
    boxes = erasing_boxes(32, 0, np.zeros(count, int), np.arange(count))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = [RandomErasing.get_params(IMAGES[0], (0.02, 0.33), (0.3, 3.3), [0])[:4] for _ in range(count)]
    sides = np.arange(33)
    for ours, torchvisions in zip(boxes.T, np.array(theirs).T, strict=True):
        below = [np.searchsorted(np.sort(values), sides) / count for values in (ours, torchvisions)]
        assert np.abs(below[0] - below[1]).max() < 1.95 * math.sqrt(2 / count)  # Kolmogorov and Smirnov at 0.1%


def test_an_unknown_name_is_answered_with_the_known_ones():
    common = {"image_size": 8, "batch_size": 8, "train_on": "all", "held_out": 0.1, "split_seed": 0, "seed": 0}
    common |= {"evaluation": "resize", "resize": "once"}
    with pytest.raises(ValueError, match=r"unknown augmentation 'flipp'; known are .*flip, shift, crop"):
        Digits(**common, augment=["flipp"])
