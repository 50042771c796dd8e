"""Pre-processing of Kaggle's diabetic retinopathy pictures by the winner (Graham, 2015), which VTAB uses as btgraham-300.

H and W are the size of a photograph, h and w that of the result.
"""

import torch

RADIUS = 300  # of the eyeball, in pixels, after resizing
SIGMA = RADIUS / 30  # of the Gaussian that averages the neighbourhood
KEPT = int(0.9 * RADIUS)  # radius of the disc that is kept; the rest is grey
GREY = 128


def btgraham(image: torch.Tensor) -> torch.Tensor:
    """A photograph, uint8 (3, H, W), black around the eyeball -> uint8 (3, h, w), h and w up to 540."""
    image = rescaled(image, RADIUS / radius(image))
    image = (4 * (image - blurred(image).round()) + GREY).clamp(0, 255)
    return cropped(image).to(torch.uint8)


def radius(image: torch.Tensor) -> float:
    """Half the number of bright pixels in the middle row; without any, half of the height."""
    row = image[:, image.shape[1] // 2].double().sum(0)
    half = float((row > row.mean() / 10).sum()) / 2
    return half if half >= 1 else image.shape[1] / 2


def rescaled(image: torch.Tensor, scale: float) -> torch.Tensor:
    """The middle of the scaled picture, float32 (3, h, w) of whole levels, h and w up to 2 * RADIUS, as far as is kept."""
    return stretched(stretched(image, 1, scale), 2, scale).round()


def stretched(image: torch.Tensor, axis: int, scale: float) -> torch.Tensor:
    """Rescales one axis: bilinear, not antialiased, as OpenCV does it."""
    length = image.shape[axis]
    size = max(1, round(length * scale))
    position = torch.arange(max(0, size // 2 - RADIUS), min(size, size // 2 + RADIUS), dtype=torch.float64)
    position = ((position + 0.5) * (length / size) - 0.5).clamp(0, length - 1)
    before = position.long()
    after = (before + 1).clamp(max=length - 1)
    share = (position - before).float().unsqueeze(1) if axis == 1 else (position - before).float()
    return torch.lerp(image.index_select(axis, before).float(), image.index_select(axis, after).float(), share)


def blurred(image: torch.Tensor) -> torch.Tensor:
    """Gaussian of SIGMA, truncated at three sigma; the picture is mirrored at its edges."""
    return averages(image.shape[1]) @ image @ averages(image.shape[2]).T


def averages(length: int) -> torch.Tensor:
    """Matrix (length, length) of the blur along an axis: row i has the weights of pixel i's mean; rows sum to 1."""
    reach = round(3 * SIGMA)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / SIGMA) ** 2)
    around = mirrored(length, reach).unfold(0, 2 * reach + 1, 1)  # (length, 61)
    return torch.zeros(length, length).scatter_add_(1, around, (weights / weights.sum()).expand(length, -1))


def mirrored(length: int, reach: int) -> torch.Tensor:
    """Index of the pixel at each position from -reach to length + reach - 1: 2 1 0 1 2 ..., without repeating the edge."""
    period = max(1, 2 * (length - 1))
    index = torch.arange(-reach, length + reach) % period
    return torch.minimum(index, period - index) if length > 1 else index


def cropped(image: torch.Tensor) -> torch.Tensor:
    """The square around the disc of radius KEPT, as far as the picture reaches; grey outside the disc."""
    (height, width), (middle_y, middle_x) = image.shape[1:], (side // 2 for side in image.shape[1:])
    y, x = torch.arange(height) - middle_y, torch.arange(width) - middle_x
    image = image.where(y[:, None] ** 2 + x**2 <= KEPT**2, GREY)
    top, left = max(0, middle_y - KEPT), max(0, middle_x - KEPT)
    return image[:, top : middle_y + KEPT, left : middle_x + KEPT]
