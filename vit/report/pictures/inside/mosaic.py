"""Many small maps in one picture, in rows and columns that are counted from 1.

R rows and C columns of maps, (h, w) a map.
"""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

LARGEST, LONGEST = 1.1, 12.0  # inches: side of a map, and of the whole mosaic
LABEL = 0.22  # inches that a tick's number takes
COLORS = "viridis"


def tiled(maps: np.ndarray) -> tuple[np.ndarray, int]:
    """(one array of all maps (R, C, h, w) with gaps of NaN between them, the gap in pixels of a map)."""
    rows, columns, height, width = maps.shape
    gap = max(1, round(max(height, width) / 10))
    spaced = np.full((rows, columns, height + gap, width + gap), np.nan)
    spaced[:, :, :height, :width] = maps
    return spaced.transpose(0, 2, 1, 3).reshape(rows * (height + gap), -1)[:-gap, :-gap], gap


def inches(maps: np.ndarray) -> tuple[float, float]:
    """(width, height) of a mosaic."""
    rows, columns, height, width = maps.shape
    side = min(LARGEST, LONGEST / max(rows, columns)) / max(height, width)
    return columns * width * side, rows * height * side


def draw_mosaic(axis: Axes, maps: np.ndarray, rows: Sequence[int], columns: Sequence[int], **scale) -> AxesImage:
    """rows, columns: the numbers at the axes. scale: vmin, vmax."""
    array, gap = tiled(maps)
    image = axis.imshow(array, cmap=matplotlib.colormaps[COLORS], interpolation="nearest", **scale)
    height, width = maps.shape[2:]
    size = inches(maps)
    for ticks, numbers, side, length in (
        (axis.set_xticks, columns, width, size[0]),
        (axis.set_yticks, rows, height, size[1]),
    ):
        every = max(1, int(np.ceil(LABEL * len(numbers) / length)))
        middles = (side - 1) / 2 + np.arange(len(numbers)) * (side + gap)
        ticks(middles[::every], list(numbers)[::every])
    axis.tick_params(length=0)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return image


def color_bar(figure: Figure, image: AxesImage, axis: Axes, label: str) -> None:
    bar = figure.colorbar(image, ax=axis, label=label, shrink=0.8)
    bar.outline.set_visible(False)
