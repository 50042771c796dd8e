"""The winner's pre-processing of Kaggle's diabetic retinopathy pictures (Graham, 2015), which VTAB takes as btgraham-300.

H and W are the size of a photograph, h and w that of what is made of it.
"""

import torch

RADIUS = 300  # of the eyeball, in pixels, after resizing
SIGMA = RADIUS / 30  # of the Gaussian that weighs the neighbourhood
KEPT = int(0.9 * RADIUS)  # what lies further out is grey
GREY = 128


def btgraham(image: torch.Tensor) -> torch.Tensor:
    """A photograph, uint8 (3, H, W), black around the eyeball -> uint8 (3, h, w), h and w up to 540."""
    image = rescaled(image, RADIUS / radius(image))
    image = (4 * (image - blurred(image).round()) + GREY).clamp(0, 255)
    return cropped(image).to(torch.uint8)


def radius(image: torch.Tensor) -> float:
    """Half of what is bright in the middle row; half of the height where nothing is."""
    row = image[:, image.shape[1] // 2].double().sum(0)
    half = float((row > row.mean() / 10).sum()) / 2
    return half if half >= 1 else image.shape[1] / 2


def rescaled(image: torch.Tensor, scale: float) -> torch.Tensor:
    """The middle of the picture at that scale, float32 (3, h, w) of whole levels, h and w up to 600: all that is needed."""
    return stretched(stretched(image, 1, scale), 2, scale).round()


def stretched(image: torch.Tensor, axis: int, scale: float) -> torch.Tensor:
    """One axis of it; bilinear, not antialiased, as OpenCV does it."""
    length = image.shape[axis]
    size = max(1, round(length * scale))
    place = torch.arange(max(0, size // 2 - RADIUS), min(size, size // 2 + RADIUS), dtype=torch.float64)
    place = ((place + 0.5) * (length / size) - 0.5).clamp(0, length - 1)
    before = place.long()
    after = (before + 1).clamp(max=length - 1)
    share = (place - before).float().unsqueeze(1) if axis == 1 else (place - before).float()
    return torch.lerp(image.index_select(axis, before).float(), image.index_select(axis, after).float(), share)


def blurred(image: torch.Tensor) -> torch.Tensor:
    """Gaussian of SIGMA, cut off at three of them; the picture goes on mirrored at its edges."""
    return averages(image.shape[1]) @ image @ averages(image.shape[2]).T


def averages(length: int) -> torch.Tensor:
    """What each of `length` pixels in a row gives to the mean around each: (length, length), rows sum to 1."""
    reach = round(3 * SIGMA)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / SIGMA) ** 2)
    around = mirrored(length, reach).unfold(0, 2 * reach + 1, 1)  # (length, 61)
    return torch.zeros(length, length).scatter_add_(1, around, (weights / weights.sum()).expand(length, -1))


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
