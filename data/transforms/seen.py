"""Which part of an image an evaluation shows the model: the inverse of its resizing and cropping."""

from functools import partial

from data.transforms.evaluation import central_crop, squashed_crop
from data.transforms.transform import Transform


def seen(transform: Transform, height: int, width: int) -> tuple[float, float, float, float]:
    """(top, left, height, width) in pixels of an H x W image, of the part that becomes the model's S x S."""
    step, size = transform.evaluation, transform.size
    if not isinstance(step, partial):  # resize
        return 0.0, 0.0, float(height), float(width)
    new = RESIZED[step.func](height, width, step.keywords["side"])
    scales = height / new[0], width / new[1]
    top, left = ((side - size) // 2 * scale for side, scale in zip(new, scales, strict=True))
    return top, left, size * scales[0], size * scales[1]


def shorter_side(height: int, width: int, side: int) -> tuple[int, int]:
    shrink = side / min(height, width)
    return (side, round(width * shrink)) if height <= width else (round(height * shrink), side)


RESIZED = {central_crop: shorter_side, squashed_crop: lambda height, width, side: (side, side)}  # before the crop
