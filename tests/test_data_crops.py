"""Random crops: TensorFlow's rules and torchvision's, against the same rules one image at a time in plain Python."""

import math
import random

import numpy as np
import pytest

from data.transforms.boxes import tensorflow_attempt, tensorflow_crop_boxes, torchvision_attempt, torchvision_crop_boxes

COUNT = 20_000
EPOCHS, INDICES = np.zeros(COUNT, int), np.arange(COUNT)
SIZES = [(32, 32), (224, 224), (375, 500), (500, 333), (13, 200), (200, 13), (7, 3), (2, 2), (1, 1)]


def boxes(rule, height, width, **options):
    return rule(np.full(COUNT, height), np.full(COUNT, width), 0, EPOCHS, INDICES, **options).T


def one_tensorflow_attempt(height, width, ratio_draw, extent_draw):
    """(h, w) or None; Python rounds half to even, as C's lrintf does."""
    ratio = 0.75 + 0.58 * ratio_draw
    least, most = 0.05 * height * width, height * width
    tallest = next(h for h in range(int(2 * width / ratio) + 2, -1, -1) if round(h * ratio) <= width)
    tallest = min(height, round(math.sqrt(most / ratio)), tallest)
    shortest = min(round(math.sqrt(least / ratio)), tallest)
    tall = shortest + int(extent_draw * (tallest - shortest + 1))
    if tall * round(tall * ratio) < least:
        tall += 1
    if tall * round(tall * ratio) > most:
        tall -= 1
    wide = round(tall * ratio)
    if not least <= tall * wide <= most or tall > height or wide > width or min(tall, wide) < 1:
        return None
    return tall, wide


def one_torchvision_attempt(height, width, ratio_draw, extent_draw):
    area = height * width * (0.08 + 0.92 * extent_draw)
    ratio = math.exp(math.log(3 / 4) + ratio_draw * (math.log(4 / 3) - math.log(3 / 4)))
    wide, tall = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
    return (tall, wide) if 0 < wide <= width and 0 < tall <= height else None


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize(
    ("many", "one", "least"),
    [(tensorflow_attempt, one_tensorflow_attempt, 0.05), (torchvision_attempt, one_torchvision_attempt, 0.08)],
)
def test_an_attempt_gives_what_the_rules_say(many, one, least, height, width):
    ratio, extent = np.random.default_rng(0).random((2, 2000))
    tall, wide, fits = many(np.full(2000, height), np.full(2000, width), least, ratio, extent)
    expected = [one(height, width, *draws) for draws in zip(ratio, extent, strict=True)]
    assert fits.tolist() == [box is not None for box in expected]
    assert [(t, w) for t, w, fit in zip(tall, wide, fits, strict=True) if fit] == [box for box in expected if box]


def test_hand_cases():
    """32 x 32: r = 1 gives heights round(7.155) = 7 .. 32, of which 7 x 7 = 49 < 51.2 becomes 8 x 8."""
    half = (1 - 0.75) / 0.58  # the draw that gives ratio 1
    size, draws = np.full(3, 32), np.array([0.0, 0.5, 0.999999])
    tall, wide, fits = tensorflow_attempt(size, size, 0.05, np.full(3, half), draws)
    assert list(zip(tall, wide, fits, strict=True)) == [(8, 8, True), (20, 20, True), (32, 32, True)]
    tall, wide, fits = tensorflow_attempt(size, size, 0.05, np.zeros(3), draws)  # r = 0.75: heights 8 .. 32
    assert list(zip(tall, wide, fits, strict=True)) == [(9, 7, True), (20, 15, True), (32, 24, True)]


def test_the_side_of_an_inception_crop_is_uniform_not_its_area():
    """In the limit of many pixels: h from a = sqrt(0.05/r) to b = min(1, 1/r), so the mean area is r (a^2 + a b + b^2) / 3."""
    ratio = np.linspace(0.75, 1.33, 100_001)
    low, high = np.sqrt(0.05 / ratio), np.minimum(1, 1 / ratio)
    mean_area = (ratio * (low**2 + low * high + high**2) / 3).mean()
    _, _, tall, wide = boxes(tensorflow_crop_boxes, 2000, 2000)
    area = tall * wide / 2000**2
    assert area.mean() == pytest.approx(mean_area, abs=0.006)  # three standard errors
    assert (wide / tall).mean() == pytest.approx(1.04, abs=0.004)
    assert (wide / tall).min() > 0.749
    assert (wide / tall).max() < 1.331
    assert 0.05 <= area.min() < 0.052
    assert 0.9 < area.max() <= 1
    _, _, tall, wide = boxes(torchvision_crop_boxes, 2000, 2000, least=0.05)
    assert (tall * wide).mean() / 2000**2 > 1.12 * area.mean()
    assert np.log(wide / tall).mean() == pytest.approx(0, abs=0.004)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (375, 500), (40, 30), (60, 20)])
@pytest.mark.parametrize(
    ("rule", "one", "attempts"),
    [(tensorflow_crop_boxes, one_tensorflow_attempt, 100), (torchvision_crop_boxes, one_torchvision_attempt, 10)],
)
def test_sizes_are_distributed_as_in_the_plain_rules(rule, one, attempts, height, width):
    draw = random.Random(0)
    plain = [
        next((box for _ in range(attempts) if (box := one(height, width, draw.random(), draw.random()))), (27, 20))
        for _ in range(5000)
    ]  # only torchvision's fails at times, at 60 x 20, where the largest ratio 3/4 is 20 wide and round(26.7) high
    plain = np.array(plain, float)
    _, _, tall, wide = boxes(rule, height, width)
    for ours, theirs in ((tall, plain[:, 0]), (wide, plain[:, 1]), (tall * wide, plain.prod(1))):
        error = 4 * theirs.std() * math.sqrt(1 / len(theirs) + 1 / COUNT)
        assert ours.mean() == pytest.approx(theirs.mean(), abs=error)
        assert ours.std() == pytest.approx(theirs.std(), rel=0.05)


def test_an_inception_crop_of_a_very_long_image_is_all_of_it_as_often_as_the_rules_say():
    """100 x 2650: a box of 5% is 13,250 pixels, so the ratio must be below 10,000 / 13,250; few draws are."""
    draw = random.Random(0)
    plain = [
        all(one_tensorflow_attempt(2650, 100, draw.random(), draw.random()) is None for _ in range(100))
        for _ in range(400)
    ]
    top, left, tall, wide = boxes(tensorflow_crop_boxes, 2650, 100)
    whole = (tall == 2650) & (wide == 100)
    assert whole.mean() == pytest.approx(np.mean(plain), abs=0.1)
    assert 0.1 < whole.mean() < 0.95
    assert not top[whole].any()
    assert not left[whole].any()
    assert (wide[~whole] == 100).all()
    _, _, tall, wide = boxes(tensorflow_crop_boxes, 3000, 100)
    assert (tall == 3000).all()
    assert (wide == 100).all()


def test_the_last_offset_is_never_drawn_by_tensorflow_and_is_by_torchvision():
    top, left, tall, wide = boxes(tensorflow_crop_boxes, 6, 6)
    assert (top + tall < 6)[tall < 6].all()
    assert (left + wide < 6)[wide < 6].all()
    assert set(top[tall == 3]) == {0, 1, 2}
    top, left, tall, wide = boxes(torchvision_crop_boxes, 6, 6)
    assert set(top[tall == 3]) == {0, 1, 2, 3}
    assert set(left[wide == 3]) == {0, 1, 2, 3}
    assert (top + tall).max() == (left + wide).max() == 6


@pytest.mark.parametrize("offset", [0, 1])
def test_offsets_are_uniform(offset):
    values = boxes(tensorflow_crop_boxes, 6, 6)[offset][boxes(tensorflow_crop_boxes, 6, 6)[2 + offset] == 2]
    shares = np.bincount(values, minlength=4) / len(values)
    assert shares == pytest.approx([0.25] * 4, abs=0.04)


def test_a_long_image_falls_back_to_torchvisions_middle_box_of_a_permitted_ratio():
    for height, width, expected in [(1000, 30, [480, 0, 40, 30]), (30, 1001, [0, 480, 30, 40])]:
        found = boxes(torchvision_crop_boxes, height, width).T
        assert (found == expected).all()


@pytest.mark.parametrize("rule", [tensorflow_crop_boxes, torchvision_crop_boxes])
def test_a_box_is_a_function_of_size_seed_epoch_and_index_whatever_the_company(rule):
    random_ = np.random.default_rng(0)
    heights, widths = random_.integers(1, 600, (2, 500))
    epochs, indices = np.repeat([0, 3], 250), random_.integers(0, 10**9, 500)
    together = rule(heights, widths, 5, epochs, indices)
    for k in (0, 77, 499):
        alone = rule(heights[k : k + 1], widths[k : k + 1], 5, epochs[k : k + 1], indices[k : k + 1])
        assert np.array_equal(alone[0], together[k])
    for changed in ((6, epochs, indices), (5, epochs + 1, indices), (5, epochs, indices + 1)):
        assert (rule(heights, widths, *changed) != together).any(1).mean() > 0.8
    top, left, tall, wide = together.T
    assert ((top >= 0) & (left >= 0) & (tall > 0) & (wide > 0)).all()
    assert ((top + tall <= heights) & (left + wide <= widths)).all()


def test_boxes_never_change():
    """A correction of the rules is a change of every run's numbers; then raise CODE_VERSION."""
    found = tensorflow_crop_boxes(np.full(3, 32), np.full(3, 32), 0, np.zeros(3, int), np.arange(3))
    assert found.tolist() == [[14, 2, 14, 12], [1, 13, 10, 13], [7, 1, 15, 18]]
