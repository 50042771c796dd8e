"""Parts of JPEGs and their resizing in C: the bits of the whole decode and of torch, and the same errors."""

import io
import random

import numpy as np
import pytest
import torch
from PIL import Image

from data import ImageFolder
from data.batches.batches import Batches
from data.native import bilinear, jpeg_part
from data.native.jpeg_part import decode_part
from data.pictures.decode import Unreadable, decoded
from data.pictures.pictures import Files
from data.pictures.skipped import Skipped
from data.pictures.undecoded import Undecoded
from data.transforms.resize import RULES, crop_and_resize
from data.transforms.transform import Transform

BUILT = jpeg_part.available() and bilinear.available()
COMPILED = pytest.mark.skipif(
    not BUILT, reason="data/native is not built: a C compiler or libjpeg-turbo's headers are missing"
)
COLOURS = [{"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2}]  # full, half across, half both ways


def photograph(height, width, mode="RGB", **options):
    """A JPEG of blurred noise."""
    levels = np.random.default_rng(height * 1000 + width).integers(0, 256, (height // 6 + 2, width // 6 + 2, 3))
    image = Image.fromarray(levels.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.convert(mode).save(file, "JPEG", quality=85, **options)
    return file.getvalue()


def boxes(height, width, count):
    """Random boxes, and all four corners."""
    drawn = random.Random(0)
    for number in range(count):
        tall, wide = drawn.randint(1, height), drawn.randint(1, width)
        top, left = drawn.randint(0, height - tall), drawn.randint(0, width - wide)
        yield ((top, left), (0, 0), (0, width - wide), (height - tall, 0), (height - tall, width - wide))[
            number % 5
        ] + (tall, wide)


def sliced(image, box):
    top, left, height, width = box
    return image[:, top : top + height, left : left + width]


@COMPILED
@pytest.mark.parametrize("colours", [*COLOURS, None])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}], ids=str)
@pytest.mark.parametrize(("height", "width"), [(97, 131), (16, 64), (5, 3)])
def test_a_part_has_the_bits_of_the_whole(colours, options, height, width):
    data = photograph(height, width, "L" if colours is None else "RGB", **(colours or {}), **options)
    whole = decoded(data, "x")
    for box in boxes(height, width, 60):
        assert torch.equal(decode_part(data, (height, width), box), sliced(whole, box)), box


@COMPILED
def test_what_the_library_leaves_to_the_whole_decode():
    sound = photograph(40, 50)
    assert decode_part(sound, (40, 50), (30, 0, 10, 50)) is not None
    assert decode_part(sound, (50, 40), (30, 0, 10, 40)) is None  # another size than its own
    assert decode_part(sound, (40, 50), (35, 0, 10, 50)) is None  # not inside
    assert decode_part(photograph(40, 50, "CMYK"), (40, 50), (0, 0, 9, 9)) is None
    assert decode_part(sound[:-2], (40, 50), (0, 0, 9, 9)) is None  # no end, though the part is there
    assert decode_part(sound[: len(sound) // 2], (40, 50), (0, 0, 9, 9)) is None
    assert (
        decode_part(sound[:-2] + b"\xff\xda" + sound[-2:], (40, 50), (0, 0, 9, 9)) is None
    )  # a segment below the part


@pytest.mark.parametrize(
    ("mode", "kind"), [("CMYK", "JPEG"), ("RGB", "PNG"), ("L", "PNG"), ("P", "GIF"), ("RGB", "WEBP"), ("RGB", "JPEG")]
)
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_every_picture_can_be_sliced_before_it_is_decoded(mode, kind, orientation):
    levels = np.random.default_rng(0).integers(0, 256, (30, 40, 4), dtype=np.uint8)
    image = Image.fromarray(levels, "CMYK").convert("RGB").convert(mode)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    image.save(file, kind, **({} if kind == "GIF" else {"exif": exif}))
    whole, undecoded = decoded(file.getvalue(), "x"), Undecoded(file.getvalue(), "x")
    assert undecoded.shape == whole.shape
    for box in boxes(*whole.shape[1:], 10):
        assert torch.equal(sliced(undecoded, box), sliced(whole, box))


def outcome(picture, box):
    try:
        return sliced(picture(), box)
    except Unreadable as error:
        return str(error)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}], ids=str)
def test_damage_has_the_same_outcome_in_part_and_in_whole(options, capfd):
    """Fuzz: bytes changed and ends cut at 300 places; the pixels of the box or the error are the same."""
    sound, drawn, refused = photograph(48, 64, **options), random.Random(0), 0
    for _, box in zip(range(300), boxes(48, 64, 300), strict=True):
        data = bytearray(sound[: drawn.randrange(1, len(sound))] if drawn.random() < 0.3 else sound)
        for _ in range(drawn.randrange(0, 4)):
            data[drawn.randrange(min(len(data), drawn.choice((700, 10**6))))] = drawn.randrange(256)
        data = bytes(data)
        try:
            whole = decoded(data, "x")
        except Unreadable as error:
            whole = str(error)
        if isinstance(whole, torch.Tensor) and whole.shape != (3, 48, 64):
            continue  # the damage changed the size, so that the box is no longer inside
        expected = whole if isinstance(whole, str) else sliced(whole, box)
        found = outcome(lambda data=data: Undecoded(data, "x"), box)
        assert found == expected if isinstance(expected, str) else torch.equal(found, expected)
        refused += isinstance(expected, str)
    assert 30 < refused < 270


@COMPILED
@pytest.mark.parametrize("rule", ["vit_jax", "big_vision"])
@pytest.mark.parametrize("size", [1, 7, 32, 224])
def test_resized_boxes_have_torchs_bits(rule, size, monkeypatch):
    whole = decoded(photograph(97, 131), "x")
    drawn = list(boxes(97, 131, 25))
    arguments = [whole] * len(drawn), np.array(drawn), size, RULES[rule]
    found = crop_and_resize(*arguments)
    monkeypatch.setattr(bilinear, "available", lambda: False)
    assert torch.equal(found, crop_and_resize(*arguments))


@COMPILED
def test_only_interleaved_colours_are_resized_in_c():
    new, interleaved = torch.full((3, 8, 8), -1.0), decoded(photograph(20, 30), "x")
    assert not bilinear.resize_into(new, interleaved.contiguous(), False)
    assert not bilinear.resize_into(new, interleaved[:1], False)
    assert not bilinear.resize_into(new.mT, interleaved, False)
    assert torch.all(new == -1)
    assert bilinear.resize_into(new, interleaved, False)
    assert torch.all(new >= 0)


AUGMENTS = [["inception_crop", "flip"], ["torchvision_crop"], ["random_crop(20)"], ["flip"]]


@pytest.fixture
def files(tmp_path):
    """Twenty photographs of several sizes; the fifth has lost its end."""
    for number in range(20):
        data = photograph(60 + 3 * number, 90 - 2 * number, subsampling=number % 3)
        (tmp_path / f"{number}.jpg").write_bytes(data[:-30] if number == 4 else data)
    return Files([tmp_path / f"{number}.jpg" for number in range(20)], tmp_path)


def batches(files, augment, skipped):
    transform = Transform(size=16, augment=augment, evaluation="resize", resize="vit_jax")
    options = {"seed": 0, "training": True, "skipped": skipped, "in_parts": transform.in_parts}
    part = Batches(files, (torch.arange(20),), transform=transform.augment, **options)
    return [part[np.full(5, epoch), np.arange(first, first + 5)] for epoch in range(3) for first in range(0, 20, 5)]


@pytest.mark.parametrize("augment", AUGMENTS)
def test_batches_are_the_same_with_and_without_the_libraries(files, augment, monkeypatch):
    """Three epochs; the damaged picture is skipped, and the next one takes its place, either way."""
    skipped = Skipped(20, 0.1), Skipped(20, 0.1)
    found = batches(files, augment, skipped[0])
    monkeypatch.setattr(jpeg_part, "available", lambda: False)
    monkeypatch.setattr(bilinear, "available", lambda: False)
    expected = batches(files, augment, skipped[1])
    assert all(torch.equal(*images) for pair in zip(found, expected, strict=True) for images in zip(*pair, strict=True))
    assert [labels.tolist() for _, labels in found[:2]] == [[0, 1, 2, 3, 5], [5, 6, 7, 8, 9]]
    assert [flags.flags.nonzero().tolist() for flags in skipped] == [[[4]]] * 2


@pytest.mark.parametrize("augment", AUGMENTS)
def test_a_damaged_picture_stops_training_whatever_part_is_taken(files, augment):
    with pytest.raises(Unreadable, match=r"4.jpg is not a readable picture"):
        batches(files, augment, skipped=None)


@pytest.mark.parametrize(("augment", "in_parts"), list(zip(AUGMENTS, (True, True, False, False), strict=True)))
def test_only_the_training_pictures_of_a_cropping_recipe_are_decoded_in_parts(tmp_path, monkeypatch, augment, in_parts):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    for number in range(16):
        path = tmp_path / "mine" / ("train", "test")[number % 2] / f"class{number // 8}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photograph(60 + 3 * number, 90))
    options = {"train_on": "train", "held_out": 0.3, "split_seed": 0, "seed": 0, "image_size": 16, "batch_size": 2}
    module = ImageFolder(folder="mine", augment=augment, evaluation="resize", resize="vit_jax", **options)
    module.setup("fit")
    module.setup("test")
    assert {name: part.in_parts for name, part in module.parts.items()} == {
        "train": in_parts,
        "val": False,
        "test": False,
    }
