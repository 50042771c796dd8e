"""Resizing, crops and evaluation as the authors' code does them, against plain arithmetic in float64."""

import re

import numpy as np
import pytest
import torch
import yaml
from torch.nn.functional import interpolate

from data import Digits
from data.transforms.augment import AUGMENTATIONS
from data.transforms.boxes import tensorflow_crop_boxes, torchvision_crop_boxes
from data.transforms.crops import CROPS
from data.transforms.evaluation import EVALUATIONS, central_crop, resize, squashed_crop
from data.transforms.resize import RULES, crop_and_resize, full_boxes
from data.transforms.transform import Transform
from vit.paths import ROOT
from vit.plan.recipe_values import VALUES

OFFICIAL, ANTIALIASED, TRUNCATED = RULES["vit_jax"], RULES["antialiased"], RULES["big_vision"]
SIDES = [(32, 32), (32, 20), (90, 75)]  # two where a batch is resized in one go, one where it is not


def noise(height, width, count=12, channels=3):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, channels, height, width), dtype=np.uint8))


def some_boxes(images):
    _, _, heights, widths = full_boxes(images).T
    return tensorflow_crop_boxes(heights, widths, 0, np.zeros(len(images), int), np.arange(len(images)))


def along(rows, size):
    """Bilinear, half-pixel centres, edges repeated, along the first axis: float64."""
    length = len(rows)
    place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    low = np.floor(place).astype(int)
    part = (place - low).reshape(-1, *[1] * (rows.ndim - 1))
    return rows[low] * (1 - part) + rows[np.minimum(low + 1, length - 1)] * part


def plain(image, box, size):
    """(C, H, W) and top, left, h, w -> float64 (C, S, S)."""
    top, left, height, width = box
    part = image.numpy()[:, top : top + height, left : left + width].astype(float)
    return along(along(part.transpose(1, 2, 0), size).transpose(1, 0, 2), size).transpose(2, 1, 0)


@pytest.mark.parametrize("size", [8, 32, 50])
@pytest.mark.parametrize(("height", "width"), SIDES)
def test_a_crop_is_resized_as_tensorflow_and_torch_do_it_without_antialiasing(height, width, size):
    images = noise(height, width)
    boxes = some_boxes(images)
    found = crop_and_resize(images, boxes, size, OFFICIAL)
    expected = np.stack([plain(image, box, size) for image, box in zip(images, boxes, strict=True)])
    assert found.dtype == torch.float32
    assert np.abs(found.numpy() - expected).max() / 127.5 < 1e-5
    for image, (top, left, tall, wide), one in zip(images, boxes, found, strict=True):
        part = image[None, :, top : top + tall, left : left + wide].float()
        theirs = interpolate(part, (size, size), mode="bilinear", align_corners=False, antialias=False)[0]
        assert (one - theirs).abs().max() / 127.5 < 1e-5


@pytest.mark.parametrize("size", [5, 32, 50])
@pytest.mark.parametrize(("height", "width"), SIDES)
def test_an_antialiased_crop_is_that_of_torch(height, width, size):
    images = noise(height, width)
    boxes = some_boxes(images)
    found = crop_and_resize(images, boxes, size, ANTIALIASED)
    for image, (top, left, tall, wide), one in zip(images, boxes, found, strict=True):
        part = image[None, :, top : top + tall, left : left + wide].double()
        theirs = interpolate(part, (size, size), mode="bilinear", align_corners=False, antialias=True)[0]
        assert (one - theirs).abs().max() / 127.5 < 1e-5


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_images_of_different_sizes_are_resized_as_each_alone(rule):
    images = [noise(*sides, count=1)[0] for sides in ((32, 32), (20, 31), (70, 41))]
    boxes = some_boxes(images)
    together = crop_and_resize(images, boxes, 24, rule)
    for k, image in enumerate(images):
        assert (crop_and_resize(image[None], boxes[k : k + 1], 24, rule) - together[k]).abs().max() < 1e-3


def test_big_vision_truncates_to_whole_levels():
    images = noise(32, 32)
    exact = np.stack([plain(image, (0, 0, 32, 32), 13) for image in images])
    found = crop_and_resize(images, full_boxes(images), 13, TRUNCATED)
    assert np.array_equal(found.numpy(), np.floor(exact + 1e-9))


@pytest.mark.parametrize("size", [7, 13, 48, 100])
@pytest.mark.parametrize("sides", [(29, 29), (75, 90)])
def test_flat_images_keep_their_level_by_every_rule(size, sides):
    flat = torch.arange(256, dtype=torch.uint8)[:, None, None, None].expand(256, 1, *sides)
    for rule in RULES.values():
        found = crop_and_resize(flat, full_boxes(flat), size, rule)
        assert (found - flat[..., :1, :1]).abs().max() <= (0 if rule.truncate else 1e-3)
    found = central_crop(flat, size, OFFICIAL, size + 3)
    assert torch.equal(found, flat[..., :1, :1].float().expand_as(found))


def test_evaluation_straight_to_the_size_loses_the_aspect():
    images = noise(40, 20)
    assert torch.equal(resize(images, 16, OFFICIAL), crop_and_resize(images, full_boxes(images), 16, OFFICIAL))
    same = noise(16, 16)
    assert torch.equal(resize(same, 16, OFFICIAL), same.float())


@pytest.mark.parametrize(
    ("height", "width", "side", "size"), [(10, 10, 4, 3), (21, 14, 8, 6), (12, 31, 9, 8), (5, 7, 8, 6)]
)
def test_the_central_crop_is_of_exact_averages(height, width, side, size):
    """Repeated often enough, every old pixel falls into one new pixel only, and the average is a plain one."""
    images = noise(height, width, count=3)
    tall = side if height <= width else round(height * side / width)
    wide = side if width <= height else round(width * side / height)
    fine = images.numpy().astype(np.int64).repeat(tall, 2).repeat(wide, 3)
    total = fine.reshape(3, 3, tall, height, wide, width).sum((3, 5))
    top, left = (tall - size) // 2, (wide - size) // 2
    expected = (total // (height * width))[:, :, top : top + size, left : left + size]
    assert np.array_equal(central_crop(images, size, OFFICIAL, side).numpy(), expected)
    assert np.array_equal(central_crop(list(images), size, OFFICIAL, side).numpy(), expected)


def test_the_other_side_is_rounded_half_to_even():
    """10 x 25 with the shorter side to 5 is 5 x 12, not 5 x 13: columns of 25 / 12."""
    ramp = torch.arange(25, dtype=torch.uint8).expand(1, 1, 10, 25) * 10
    middle = central_crop(ramp, 5, OFFICIAL, 5)[0, 0, 0]
    edges = 25 / 12 * np.arange(3, 9)  # (12 - 5) // 2 = 3
    fine = np.repeat(np.arange(25) * 10, 12).reshape(12, 25).mean(1)[3:8]
    assert middle.tolist() == np.floor(fine).tolist()
    assert edges[-1] < 25


def test_few_shot_evaluation_squashes_truncates_and_takes_the_middle():
    images = noise(50, 20, count=2)
    expected = np.stack([np.floor(plain(image, (0, 0, 50, 20), 19) + 1e-9) for image in images])[:, :, 1:17, 1:17]
    assert np.array_equal(squashed_crop(images, 16, OFFICIAL, 19).numpy(), expected)


def transform(size=16, augment=(), evaluation="resize", resize="vit_jax"):
    return Transform(size=size, augment=list(augment), evaluation=evaluation, resize=resize)


def draws(images):
    return 4, np.full(len(images), 2), np.arange(len(images))


@pytest.mark.parametrize("name", ["inception_crop", "inception_crop(0.3)", "torchvision_crop", "torchvision_crop(0.3)"])
def test_training_crops_are_the_boxes_of_their_rules(name):
    images = noise(40, 24, count=6)
    seed, epochs, indices = draws(images)
    rule = tensorflow_crop_boxes if name.startswith("inception") else torchvision_crop_boxes
    least = {"least": 0.3} if "0.3" in name else {}
    boxes = rule(np.full(6, 40), np.full(6, 24), seed, epochs, indices, **least)
    found = transform(augment=[name]).augment(images, seed, epochs, indices)
    expected = np.stack([plain(image, box, 16) for image, box in zip(images, boxes, strict=True)])
    assert np.abs(found.numpy() - expected).max() < 1e-3


def test_bits_random_crop_is_a_window_on_the_squashed_image():
    images = noise(40, 24, count=200, channels=1)
    windows = transform(augment=["random_crop(18)"]).augment(images, *draws(images))
    squashed = crop_and_resize(images, full_boxes(images), 18, OFFICIAL)
    offsets = [
        next((y, x) for y in range(3) for x in range(3) if torch.equal(window, image[:, y : y + 16, x : x + 16]))
        for window, image in zip(windows, squashed, strict=True)
    ]
    counts = np.bincount([3 * y + x for y, x in offsets], minlength=9)
    assert counts.min() > 8  # 22 expected of each


def test_without_a_crop_training_images_are_prepared_as_for_evaluation():
    images = noise(40, 24)
    for evaluation in ("resize", "central_crop(20)", "squashed_crop(20)"):
        chain = transform(evaluation=evaluation)
        assert torch.equal(chain.augment(images, *draws(images)), chain.evaluate(images))
    flipped = transform(augment=["flip"], evaluation="central_crop(20)").augment(images, *draws(images))
    still = transform(evaluation="central_crop(20)").evaluate(images)
    same = (flipped == still).flatten(1).all(1)
    assert torch.equal(flipped[~same].flip(-1), still[~same])
    assert 0 < same.sum() < len(images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"augment": ["inception_crops"]}, "unknown augmentation 'inception_crops'; known are inception_crop, torchvision_crop, random_crop, flip"),
        ({"augment": ["flip", "inception_crop"]}, "inception_crop: only the first step may be one of inception_crop, torchvision_crop, random_crop"),
        ({"augment": ["random_crop(20)", "inception_crop"]}, "only the first step may be"),
        ({"augment": ["random_crop"]}, "random_crop takes a whole number, 16 or more, in brackets"),
        ({"augment": ["random_crop(15)"]}, "random_crop takes a whole number, 16 or more, not 15"),
        ({"augment": ["pad_crop(0)"]}, "pad_crop takes a whole number from 1 to 16, not 0"),
        ({"augment": ["pad_crop(1.5)"]}, "pad_crop takes a whole number from 1 to 16, not 1.5"),
        ({"augment": ["inception_crop(5)"]}, "inception_crop takes a fraction between 0 and 1, not 5"),
        ({"augment": ["flip(1)"]}, "flip takes no number, not 1"),
        ({"augment": ["color(1.5)"]}, "color takes a number above 0, up to 1, not 1.5"),
        ({"augment": ["color(0.4.4)"]}, "unknown augmentation"),
        ({"augment": ["flip("]}, r"unknown augmentation 'flip\('"),
        ({"evaluation": "area(20)"}, r"unknown evaluation 'area\(20\)'; known are resize, central_crop, squashed_crop"),
        ({"evaluation": "central_crop(12)"}, "central_crop takes a whole number, 16 or more, not 12"),
        ({"evaluation": "central_crop(20)", "resize": "once"}, "resize 'once' .* evaluation 'central_crop"),
        ({"resize": "never"}, "unknown resize 'never'; known are vit_jax, big_vision, antialiased, once"),
    ],
)  # fmt: skip
def test_what_no_batch_could_be_made_with_is_refused_in_one_line(options, message):
    with pytest.raises(ValueError, match=message) as raised:
        transform(**options)
    assert "\n" not in str(raised.value)


def test_batches_of_a_set_are_in_minus_one_to_one_and_augmented_by_seed_epoch_and_index():
    common = {"image_size": 16, "batch_size": 64, "train_on": "train", "held_out": 0.1, "split_seed": 0}
    module = Digits(
        augment=["inception_crop", "flip"], evaluation="central_crop(18)", resize="vit_jax", seed=3, **common
    )
    module.setup("fit")
    part = module.parts["train"]
    assert part.images.shape[1:] == (1, 8, 8)  # they stay as large as they are
    place = np.full(5, 7), np.arange(5)
    images, _ = part[place]
    expected = Transform(size=16, augment=["inception_crop", "flip"], evaluation="resize", resize="vit_jax").augment(
        part.images[:5], 3, *place
    )
    assert torch.equal(images, (expected / 127.5 - 1).expand(-1, 3, -1, -1))
    assert -1 <= images.min() < -0.5 < 0.5 < images.max() <= 1
    held, _ = next(iter(module.val_dataloader()))
    evaluated = central_crop(module.parts["val"].images, 16, OFFICIAL, 18)
    assert torch.equal(held, (evaluated / 127.5 - 1).expand(-1, 3, -1, -1))


def test_the_documentation_names_every_word_and_no_other():
    table = (ROOT / "docs" / "transforms.md").read_text().split("## Which")[0]
    words = {word for line in table.splitlines() for word in re.findall(r"^\| `(\w+)[`(]", line)}
    assert words - {"augment", "evaluation", "resize"} | {"resize"} == {
        *AUGMENTATIONS, *CROPS, *EVALUATIONS, *RULES,
    }  # fmt: skip


def test_recipes_use_words_that_data_knows():
    for path in sorted((ROOT / "experiments" / "recipes").glob("*.yaml")):
        recipe = yaml.safe_load(path.read_text())
        for row in recipe["rows"]:
            values = {**recipe, **row}
            Transform(size=values["image_size"], **{key: values[key] for key in ("augment", "evaluation", "resize")})
    known = VALUES["resize"].kind.fits
    assert all(known(name) for name in RULES)
