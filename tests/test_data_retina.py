"""btgraham-300 of retina pictures, against values computed by hand. Pictures are uint8 (3, H, W)."""

import math

import pytest
import torch

from data.sets.vtab.retina import blurred, btgraham, radius, rescaled


def disc(half: int, color=(200, 100, 50), height: int | None = None, width: int | None = None) -> torch.Tensor:
    """A disc of that radius, black around it; 2 * half on each side unless told."""
    height, width = height or 2 * half, width or 2 * half
    y, x = torch.arange(height) - height // 2 + 0.5, torch.arange(width) - width // 2 + 0.5
    inside = y[:, None] ** 2 + x**2 < half**2
    return (inside * torch.tensor(color)[:, None, None]).to(torch.uint8)


def square(*columns: tuple[int, int]) -> torch.Tensor:
    """600 x 600, so it keeps its size; bands of (level, width)."""
    row = torch.cat([torch.full((width,), level) for level, width in columns])
    return row.to(torch.uint8).expand(3, 600, 600).clone()


@pytest.mark.parametrize(
    ("half", "height", "width"), [(300, 600, 600), (300, 700, 1000), (150, 300, 500), (640, 1300, 1400)]
)
def test_an_evenly_colored_eye_becomes_a_grey_square_of_540(half, height, width):
    eye = btgraham(disc(half, height=height, width=width))
    assert eye.shape == (3, 540, 540)
    assert eye.dtype == torch.uint8
    y, x = torch.meshgrid(torch.arange(540) - 270, torch.arange(540) - 270, indexing="ij")
    assert (eye[:, y**2 + x**2 < 255**2] == 128).all()
    assert (eye[:, y**2 + x**2 > 270**2] == 128).all()


def test_an_eye_that_the_picture_cuts_off_stays_cut_off():
    assert btgraham(disc(300, height=400)).shape == (3, 400, 540)
    assert btgraham(disc(600, height=800)).shape == (3, 400, 540)


def test_the_radius_is_half_of_what_is_bright_in_the_middle_row():
    image = torch.zeros(3, 50, 200, dtype=torch.uint8)
    image[:, 25, 60:140] = 90
    assert radius(image) == 40
    image[:, 25, :60] = 3  # 3 is below a tenth of the mean of (80 * 90 + 60 * 3) / 200 = 36.9
    assert radius(image) == 40
    assert radius(torch.zeros(3, 50, 200)) == 25  # nothing is bright: half of the height


def test_local_contrast_is_four_times_the_distance_to_the_neighbourhood():
    image = square((100, 300), (140, 300))
    eye = btgraham(image)[0, 270]
    # a Gaussian of sigma 10, cut off at 30: what a column beside the step sees of the other side
    weights = [math.exp(-0.5 * (k / 10) ** 2) for k in range(-30, 31)]
    beyond = sum(weights[31:]) / sum(weights)
    for column, level, mean in ((269, 100, 100 + 40 * beyond), (270, 140, 140 - 40 * beyond)):
        assert eye[column] == 128 + 4 * (level - round(mean))
    assert eye[[230, 310]].tolist() == [128, 128]  # a reach of 30 away from the step


def test_contrast_beyond_a_byte_is_clipped():
    eye = btgraham(square((20, 300), (250, 300)))[0, 270]
    assert (eye.min(), eye.max()) == (0, 255)


def test_a_spot_of_one_pixel_hardly_moves_its_neighbourhood():
    image = square((100, 600))
    image[1, 300, 300] = 110
    eye = btgraham(image)
    assert eye[1, 270, 270] == 128 + 4 * 10  # its own share of the mean is 10 * 0.0016
    assert eye[0].unique().tolist() == [128]
    assert (eye[1] != 128).sum() == 1


def test_beyond_the_edge_the_picture_goes_on_mirrored():
    image = torch.zeros(1, 100, 4)
    image[:, 0] = 1
    weights = [math.exp(-0.5 * (k / 10) ** 2) for k in range(-30, 31)]
    seen = blurred(image)[0, :, 0]
    assert seen[0].item() == pytest.approx(weights[30] / sum(weights))  # the edge is not seen twice
    assert seen[1].item() == pytest.approx(weights[31] / sum(weights))
    assert blurred(torch.full((3, 1, 7), 5.0)).flatten().tolist() == pytest.approx([5] * 21)


def test_pictures_are_rescaled_with_half_pixel_centres():
    row = torch.tensor([0, 100], dtype=torch.uint8).expand(3, 2, 2)
    assert rescaled(row, 2.0)[0, 0].tolist() == [0, 25, 75, 100]
    assert rescaled(torch.tensor([10, 20, 30, 40]).expand(3, 4, 4), 0.5)[0, 0].tolist() == [15, 35]


def test_a_speck_is_blown_up_no_further_than_is_kept():
    image = torch.zeros(3, 2000, 3000, dtype=torch.uint8)
    image[:, 1000, 1500:1502] = 255  # at its scale the picture would have 900,000 x 600,000 pixels
    assert rescaled(image, 300.0).shape == (3, 600, 600)
    assert btgraham(image).shape == (3, 540, 540)
