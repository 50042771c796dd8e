"""The filters' first principal components as RGB tiles (Figure 7 left)."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from vit.report.pictures.tiles import in_grid, mosaic, show

TITLE = "RGB embedding filters\n(first {} principal components)"
ACROSS = 7  # as in the paper: 28 components in four rows


def filters(axis: Axes, arrays: Mapping[str, np.ndarray]) -> str:
    """Draw `filters` (count, p, p, 3); grey is 0, and each tile has its own scale. Returns the title."""
    components = arrays["filters"]
    largest = np.abs(components).max(axis=(1, 2, 3), keepdims=True)
    tiles = 0.5 + components / np.maximum(2 * largest, np.finfo(np.float32).tiny)
    show(axis, mosaic(in_grid(tiles, ACROSS), gap=max(1, components.shape[1] // 8)))
    return TITLE.format(len(components))
