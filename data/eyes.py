"""The winner's pre-processing of Kaggle's diabetic retinopathy pictures (Graham, 2015), which VTAB takes as btgraham-300.

H and W are the size of a photograph, h and w that of what is made of it.
"""

import torch
from torch.nn import functional as F

from data.decode import PIXELS

RADIUS = 300  # of the eyeball, in pixels, after resizing
SIGMA = RADIUS / 30  # of the Gaussian that weighs the neighbourhood
KEPT = int(0.9 * RADIUS)  # what lies further out is grey
GREY = 128


def btgraham(image: torch.Tensor) -> torch.Tensor:
    """A photograph, uint8 (3, H, W), black around the eyeball -> uint8 (3, h, w), h and w up to 540.

    ValueError where the eyeball is so small a part of the picture that resizing would fill the memory.
    """
    image = rescaled(image, RADIUS / radius(image))
    image = (4 * (image - blurred(image).round()) + GREY).clamp(0, 255)
    return cropped(image).to(torch.uint8)


def radius(image: torch.Tensor) -> float:
    """Half of what is bright in the middle row; half of the height where nothing is."""
    row = image[:, image.shape[1] // 2].double().sum(0)
    half = float((row > row.mean() / 10).sum()) / 2
    return half if half >= 1 else image.shape[1] / 2


def rescaled(image: torch.Tensor, scale: float) -> torch.Tensor:
    """float32 (3, H * scale, W * scale) of whole levels; bilinear, not antialiased, as OpenCV does it."""
    size = [max(1, round(side * scale)) for side in image.shape[1:]]
    if size[0] * size[1] > PIXELS:
        raise ValueError(f"the eye is too small: {size[1]} x {size[0]} pixels would be needed")
    if size == list(image.shape[1:]):
        return image.float()
    return F.interpolate(image[None].float(), size, mode="bilinear", align_corners=False)[0].round()


def blurred(image: torch.Tensor) -> torch.Tensor:
    """Gaussian of SIGMA, cut off at three of them; the picture goes on mirrored at its edges."""
    reach = round(3 * SIGMA)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    down, across = (mirrored(side, reach) for side in image.shape[1:])
    image = F.conv2d(image[:, None, down], weights[None, None, :, None])
    return F.conv2d(image[..., across], weights[None, None, None])[:, 0]


def mirrored(length: int, reach: int) -> torch.Tensor:
    """Which of `length` pixels stands at -reach .. length + reach - 1: 2 1 0 1 2 ..., the edge itself not twice."""
    period = max(1, 2 * (length - 1))
    place = torch.arange(-reach, length + reach) % period
    return torch.minimum(place, period - place) if length > 1 else place


def cropped(image: torch.Tensor) -> torch.Tensor:
    """The square around the disc of radius KEPT, as far as the picture goes; grey outside the disc."""
    (height, width), (middle_y, middle_x) = image.shape[1:], (side // 2 for side in image.shape[1:])
    y, x = torch.arange(height) - middle_y, torch.arange(width) - middle_x
    image = image.where(y[:, None] ** 2 + x**2 <= KEPT**2, GREY)
    top, left = max(0, middle_y - KEPT), max(0, middle_x - KEPT)
    return image[:, top : middle_y + KEPT, left : middle_x + KEPT]
