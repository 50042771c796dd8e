"""Images beside their attention maps (Figures 6 and 14): the map darkens what the class token does not look at."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from vit.report.pictures.tiles import averaged, in_grid, interpolated, mosaic, show

TITLE = "Attention from the output token to the input"
PIXELS = 480  # of a row of tiles: the file holds no more, whatever the images


def attention_maps(axis: Axes, arrays: Mapping[str, np.ndarray]) -> str:
    """Draw `images` uint8 (N, h, w, 3), each at the left of the product with its `attention_maps` (N, rows, columns).

    A map is divided by its largest value and interpolated to the image; the paper does not say how. Returns the title.
    """
    pairs = pairs_across(len(arrays["images"]))
    images = averaged(arrays["images"].astype(np.float32) / 255, PIXELS // (2 * pairs))
    tiles = np.stack([images, overlaid(images, arrays["attention_maps"])], axis=1)  # (N, 2, h, w, 3)
    width = images.shape[2]
    # the two of a pair close together, pairs apart
    together = np.stack([mosaic(pair[None], gap=max(1, width // 40)) for pair in tiles])
    gap = max(2, width // 10)
    show(axis, mosaic(in_grid(together, pairs), gap))
    step = together.shape[2] + gap
    centers = [
        place for pair in range(pairs) for place in (pair * step + width / 2, (pair + 1) * step - gap - width / 2)
    ]
    axis.set_xticks(centers, ["input", "attention"] * pairs)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    return TITLE


def overlaid(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Images (N, h, w, 3) times their maps (N, rows, columns), each from 0 to 1."""
    factors = interpolated(maps, *images.shape[1:3])
    return images * (factors / factors.max(axis=(1, 2), keepdims=True))[..., None]


def pairs_across(count: int) -> int:
    """One for three images as in Figure 6, more where there are more, so that the picture stays about as tall as wide."""
    return max(1, round((count / 3) ** 0.5))
