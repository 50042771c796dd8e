"""Attention of each head and layer, as many small maps.

L layers, H heads, (h, w) the grid of patches.
"""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from vit.report.pictures.inside.titled import TITLE, under
from vit.report.pictures.style import panels
from vit.report.pictures.tiles import mosaic, show

LARGEST, SHORTEST, LONGEST = 1.1, 3.3, 12.0  # inches: side of a map among many, and longer side of all maps
COLORS = ScalarMappable(Normalize(0, 1), matplotlib.colormaps["viridis"])


def maps_of_heads(maps: np.ndarray, title: str) -> Figure:
    """maps (L, H, h, w): a row of maps for each layer, each map from 0 to its own largest value."""
    layers, heads, rows, columns = maps.shape
    side = min(LONGEST / max(layers, heads), max(LARGEST, SHORTEST / max(layers, heads))) / max(rows, columns)
    width, height = heads * columns * side, layers * rows * side
    figure, ((axis,),) = panels(1, 1, max(width, SHORTEST) + 1.6, height + 1.0 + TITLE)
    largest = maps.max(axis=(2, 3), keepdims=True)
    scaled = np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0)
    gap = max(1, max(rows, columns) // 8)
    show(axis, mosaic(COLORS.to_rgba(scaled)[..., :3], gap))
    number(axis.set_xticks, heads, columns, gap)
    number(axis.set_yticks, layers, rows, gap)
    axis.tick_params(length=0)
    axis.set_xlabel("head")
    axis.set_ylabel("layer")
    color_bar(axis, width, height)
    return under(figure, title)


def number(set_ticks, count: int, size: int, gap: int) -> None:
    """0, 1, 2 ... at the middle of each map, as Figure 7 counts layers."""
    set_ticks(np.arange(count) * (size + gap) + (size - 1) / 2, range(count))


def color_bar(axis: Axes, width: float, height: float) -> None:
    """Beside the maps or, where those are low, below them."""
    beside = height >= SHORTEST
    place = dict(location="right" if beside else "bottom", shrink=min(1, 4 / (height if beside else width)), aspect=25)
    axis.get_figure().colorbar(COLORS, ax=axis, label="weight / largest of the map", **place)
