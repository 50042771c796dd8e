"""Color: the grey shape in one bright hue of its instance, on a smooth dark ground."""

import hashlib

import numpy as np
import pytest
import torch
from fractal_sets import COMMON, fractals, images

from data import UnseenFractals
from data.fractals.fractal_colors import colorize, levels
from data.sets.fractals import grid


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def test_colored_images_never_change():
    drawn = images(0, *grid(3, 4), size=32, color=True)
    assert (
        hashlib.sha256(drawn.numpy().tobytes()).hexdigest()
        == "bb4cfa000764b9a661f1033b0093068a1c2d0357666b34948e2042f556dabaa7"
    )


def test_color_paints_the_shape_that_is_white_in_grey():
    """Where the grey image is black, the ground shows; where it is white, one color for the whole image."""
    categories, instances = grid(20, 5)
    grey = images(0, categories, instances, size=64)
    colored = images(0, categories, instances, size=64, color=True).int()
    brightness = colored.amax(1)
    assert brightness[grey == 0].max() <= 0.35 * 255
    assert brightness[grey == 255].min() == 255
    fronts = [colored[k][:, tones == 255] for k, tones in enumerate(grey)]
    assert all((front == front[:, :1]).all() for front in fronts)
    assert len({tuple(front[:, 0].tolist()) for front in fronts}) > 90  # by instance, not by category


def test_the_shape_stands_out_from_its_ground_even_without_color():
    """Luma (Rec. 601) of what is white in grey is above that of every pixel of the ground."""
    grey, colored = (images(3, *grid(100, 2), size=32, color=color) for color in (False, True))
    luma = (colored * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    for tones, values in zip(grey, luma, strict=True):
        assert values[tones >= 180].min() > values[tones == 0].max()


def test_the_ground_is_smooth():
    """It is a sum of waves of at most 1.25 cycles across the image, so neighbouring pixels are nearly alike."""
    keys = 0, np.arange(50), np.arange(50)
    ground = colorize(torch.zeros(50, 64, 64, dtype=torch.uint8), *keys).int()
    assert ground.diff(dim=-1).abs().max() <= 12
    assert ground.diff(dim=-2).abs().max() <= 12
    assert (ground.amax((1, 2, 3)) - ground.amin((1, 2, 3))).float().mean() > 20  # and yet not flat


def test_a_wave_is_a_cosine_of_whole_levels():
    """One cycle across from its top: a cosine between 0 and 85; two waves that stand still at their top add 170."""
    turn = 2**24
    across = torch.tensor([[[0, turn // 4, turn // 2, 3 * turn // 4], [0] * 4, [turn] * 4]], dtype=torch.int32)
    down = torch.zeros(1, 3, 4, dtype=torch.int32)
    assert levels(across, down)[0].tolist() == [[255, 212, 170, 212]] * 4


def test_a_colored_pack_is_another_file(folder):
    grey, colored = (fractals(color=color).arrays("train")[0] for color in (False, True))
    assert grey.shape == (12, 16, 16) and colored.shape == (12, 3, 16, 16)
    names = ["fractals2-4x3-16px-seed0.npy", "fractals2-colour-4x3-16px-seed0.npy"]
    assert sorted(path.name for path in folder.glob("*.npy")) == names


def test_unseen_fractals_in_color():
    drawn, labels = UnseenFractals(categories=2, instances=3, color=True, **COMMON).arrays("train")
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert torch.equal(drawn, images(0, 1_000_000 + labels.numpy(), np.tile(np.arange(3), 2), size=16, color=True))
