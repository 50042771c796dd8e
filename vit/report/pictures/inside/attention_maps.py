"""Attention over an image: the rollout (Figures 6 and 14), and the class token's row of each head and layer.

S side of the image, L layers, H heads, (h, w) the grid of patches.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vit.report.pictures.inside.mosaic import color_bar, mosaic
from vit.report.pictures.inside.titles import wrapped
from vit.report.pictures.style import panels

SIDE = 3.0  # of a panel in inches


def rollout_picture(image: np.ndarray, attention: np.ndarray, name: str) -> Figure:
    """image uint8 (S, S, 3) as the model sees it, attention (h, w): the image, the image times attention, attention."""
    figure, (axes,) = panels(1, 3, 3 * SIDE + 1, SIDE + 0.8)
    bright = enlarged(attention / attention.max(), image.shape[:2])
    axes[0].imshow(image)
    axes[0].set_title(wrapped(f"{name}\nas the model sees it", SIDE))
    axes[1].imshow(image / 255 * bright[:, :, None])
    axes[1].set_title("times attention\n(the largest as 1)")
    drawn = axes[2].imshow(attention * 100, vmin=0, extent=(0, image.shape[1], image.shape[0], 0))
    axes[2].set_title("attention of the output\nto patches: rollout")
    color_bar(figure, drawn, axes[2], "percent, by patch")
    for axis in axes:
        pixel_axes(axis)
    axes[0].set_ylabel("pixels")
    return figure


def pixel_axes(axis: Axes) -> None:
    axis.set_xlabel("pixels")
    axis.grid(False)


def enlarged(small: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) to `size`, bilinear between the centers of the patches."""
    for axis, length in enumerate(size):
        centers = (np.arange(small.shape[axis]) + 0.5) * length / small.shape[axis]
        points = np.arange(length) + 0.5
        small = np.apply_along_axis(lambda line, x=points, known=centers: np.interp(x, known, line), axis, small)
    return small


def heads_picture(maps: np.ndarray, name: str, *, class_token: bool) -> Figure:
    """maps (L, H, h, w): a row of maps for each layer, each map from 0 to its own largest value."""
    largest = maps.max(axis=(2, 3), keepdims=True)
    whose = "the class token" if class_token else "the patches (mean)"
    return mosaic(
        np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0),
        range(1, len(maps) + 1),
        range(1, maps.shape[1] + 1),
        title=f"{name}\nattention of {whose} to patches",
        labels=("layer", "head"),
        scale=dict(vmin=0, vmax=1, label="weight / largest of the map"),
    )
