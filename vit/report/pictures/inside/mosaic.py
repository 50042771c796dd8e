"""Many small maps in one picture, in rows and columns that are counted from 1.

R rows and C columns of maps, (h, w) a map.
"""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from vit.report.pictures.inside.titles import wrapped
from vit.report.pictures.style import panels

LARGEST, SHORTEST, LONGEST = 1.1, 3.3, 12.0  # inches: side of a map among many, longer side of the whole mosaic
MARGINS = 1.6  # inches beside and above it for labels, the color bar and the title
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
    most = max(rows, columns)
    side = min(LONGEST / most, max(LARGEST, SHORTEST / most)) / max(height, width)
    return columns * width * side, rows * height * side


def mosaic(
    maps: np.ndarray, rows: Sequence[int], columns: Sequence[int], *, title: str, labels: tuple[str, str], scale: dict
) -> Figure:
    """A figure of the maps (R, C, h, w). rows, columns: the numbers at the axes.

    labels: of the vertical and the horizontal axis. scale: vmin, vmax and label of the color bar.
    """
    width, height = inches(maps)
    across = max(width, SHORTEST) + MARGINS
    figure, ((axis,),) = panels(1, 1, across, height + MARGINS)
    figure.suptitle(wrapped(title, across), x=0.02, horizontalalignment="left", fontsize=9.5)
    image = draw_mosaic(axis, maps, rows, columns, vmin=scale["vmin"], vmax=scale["vmax"])
    axis.set_ylabel(labels[0])
    axis.set_xlabel(labels[1])
    beside = height >= SHORTEST
    length = min(1, 4 / (height if beside else width))
    place = dict(location="right" if beside else "bottom", shrink=length, aspect=25)
    color_bar(figure, image, axis, scale["label"], **place)
    return figure


def draw_mosaic(axis: Axes, maps: np.ndarray, rows: Sequence[int], columns: Sequence[int], **scale) -> AxesImage:
    """The maps with the numbers of their rows and columns; scale: vmin, vmax."""
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


def color_bar(figure: Figure, image: AxesImage, axis: Axes, label: str, **place) -> None:
    bar = figure.colorbar(image, ax=axis, label=label, **place)
    bar.outline.set_visible(False)
