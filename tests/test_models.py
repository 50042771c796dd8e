"""Every model by name: its parameters at 224 pixels and 1000 classes, which are derived here once more on paper."""

import re

import pytest
import torch

from vit.models import MODELS, create_model

PARAMETERS = {
    "ViT-Ti/16": 5_717_416,
    "ViT-S/32": 22_878_952,
    "ViT-S/16": 22_050_664,
    "ViT-B/32": 88_224_232,
    "ViT-B/16": 86_567_656,
    "ViT-B/8": 86_576_872,
    "ViT-L/32": 306_535_400,
    "ViT-L/16": 304_326_632,
    "ViT-H/14": 632_045_800,
    "R50+ViT-B/32": 110_945_832,
    "R50+ViT-L/32": 328_994_856,
    "R50+ViT-B/16": 98_659_112,
    "R50+ViT-L/16": 316_483_624,
    "R26+ViT-S/32": 36_431_912,
    "R26+ViT-B/32": 101_383_976,
    "R+ViT-Ti/16": 6_337_704,
    "ResNet50x1": 25_549_352,
    "ResNet50x2": 97_988_712,
    "ResNet50x3": 217_319_080,
    "ResNet101x1": 44_541_480,
    "ResNet101x3": 387_934_888,
    "ResNet152x1": 60_185_128,
    "ResNet152x2": 236_335_208,
    "ResNet152x4": 936_533_224,
    "ResNet200x3": 568_633_000,
    "Axial-ViT-B/32": 173_277_160,
    "Axial-ViT-B/16": 171_620_584,
    "AxialResNet50": 24_405_272,
}
SIZES = {"Ti": (192, 12, 768), "S": (384, 12, 1536), "B": (768, 12, 3072), "L": (1024, 24, 4096), "H": (1280, 32, 5120)}
UNITS = {"50": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3), "200": (3, 24, 36, 3)}
STEMS = {"R50/32": (3, 4, 6, 3), "R50/16": (3, 4, 9), "R26/32": (2, 2, 2, 2), "R/16": ()}


def dense(inputs, outputs):
    return inputs * outputs + outputs


def block(width, mlp):
    """Two norms, four projections with biases, two dense layers (Equations 2, 3, 5 to 8)."""
    return 2 * 2 * width + 4 * dense(width, width) + dense(width, mlp) + dense(mlp, width)


def vit(size, patch, *, tokens, channels=3, blocks_a_layer=1, class_token=True):
    width, depth, mlp = SIZES[size]
    rows = tokens + class_token
    ends = dense(patch**2 * channels, width) + rows * width + class_token * width + 2 * width + dense(width, 1000)
    return ends + blocks_a_layer * depth * block(width, mlp)


def stem(units):
    """The hybrid's ResNet, every convolution with the scale and shift of a norm behind it."""
    total, inputs = 7 * 7 * 3 * 64 + 2 * 64, 64
    for stage, count in enumerate(units):
        width = 64 * 2**stage
        for unit in range(count):
            total += inputs * width + 9 * width**2 + 4 * width**2 + 2 * (width + width + 4 * width)
            total += (inputs * 4 * width + 2 * 4 * width) if unit == 0 else 0
            inputs = 4 * width
    return total, inputs


def resnet(units, factor, middle=lambda stage, width: 9 * width**2):
    """BiT: norms before the convolutions, so the first has the unit's input channels; none on the projection."""
    total, inputs = 7 * 7 * 3 * 64 * factor, 64 * factor
    for stage, count in enumerate(units):
        width = 64 * factor * 2**stage
        for unit in range(count):
            total += inputs * width + middle(stage, width) + 4 * width**2 + 2 * (inputs + width + width)
            total += inputs * 4 * width if unit == 0 else 0
            inputs = 4 * width
    return total + 2 * inputs + dense(inputs, 1000)


def axial_pair(stage, width):
    """Row and column attention of 8 heads with three tables of offsets each, on maps of 56, 28, 14 and 7 pixels."""
    offsets = 2 * (56 // 2**stage) - 1
    return 2 * (4 * dense(width, width) + 3 * offsets * width // 8)


def derived(name):
    if name == "AxialResNet50":
        return resnet(UNITS["50"], 1, axial_pair)
    if name.startswith("ResNet"):
        depth, factor = name.removeprefix("ResNet").split("x")
        return resnet(UNITS[depth], int(factor))
    backbone, size, patch = re.fullmatch(r"(.*?)\+?ViT-(.*)/(.*)", name).groups()
    tokens = (224 // int(patch)) ** 2
    if backbone == "Axial-":
        return vit(size, int(patch), tokens=tokens, blocks_a_layer=2, class_token=False)
    if backbone == "R":  # root and pool, then patches of 8: a stride of 32 in spite of the name
        return stem(())[0] + vit(size, 8, tokens=49, channels=64)
    if backbone:
        parameters, channels = stem(STEMS[f"{backbone}/{patch}"])
        return parameters + vit(size, 1, tokens=tokens, channels=channels)
    return vit(size, int(patch), tokens=tokens)


def parameters(name, without="nothing", **options):
    with torch.device("meta"):
        model = create_model(name, **options)
    return sum(parameter.numel() for key, parameter in model.named_parameters() if not key.startswith(without))


@pytest.mark.parametrize("name", MODELS)
def test_parameters_at_224_pixels_and_1000_classes(name):
    assert parameters(name) == PARAMETERS[name] == derived(name)


def test_the_table_has_a_row_for_every_name():
    assert PARAMETERS.keys() == MODELS.keys()


@pytest.mark.parametrize(
    ("name", "body", "with_hidden_layer"),
    [
        ("ViT-B/16", 85.80, 86.39),
        ("ViT-B/32", 87.46, 88.05),
        ("ViT-L/16", 303.30, 304.35),
        ("ViT-L/32", 305.51, 306.56),
        ("ViT-H/14", 630.76, 632.40),
    ],
)
def test_millions_of_parameters_without_the_last_layer(name, body, with_hidden_layer):
    assert parameters(name, without="head.") / 1e6 == pytest.approx(body, abs=0.005)
    with_hidden = parameters(name, without="head.", head_hidden="width")
    assert with_hidden / 1e6 == pytest.approx(with_hidden_layer, abs=0.005)


def test_the_released_bit_has_21843_classes():
    assert parameters("ResNet50x1", num_classes=21843) == 68_256_659


def test_a_vit_may_have_any_patch_size():
    assert parameters("ViT-S/28") == vit("S", 28, tokens=64)
