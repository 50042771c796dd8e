"""Attention rollout over one image (Figures 6 and 14), with the map itself.

S side of the image, (h, w) the grid of patches.
"""

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.attention_overlay import overlaid
from vit.report.pictures.inside.titled import TITLE, under
from vit.report.pictures.style import panels

SIDE = 3.0  # of a panel in inches


def rollout_over_image(image: np.ndarray, attention: np.ndarray, title: str) -> Figure:
    """image uint8 (S, S, 3) as the model sees it, attention (h, w): the image, the image times attention, attention."""
    figure, (axes,) = panels(1, 3, 3 * SIDE + 1, SIDE + 0.4 + TITLE)
    axes[0].imshow(image)
    axes[1].imshow(overlaid(image[None] / 255, attention[None])[0])
    drawn = axes[2].imshow(attention * 100, vmin=0, extent=(0, image.shape[1], image.shape[0], 0))
    figure.colorbar(drawn, ax=axes[2], label="percent of the attention", shrink=0.9)
    for axis, name in zip(axes, ("input", "input times attention, largest = 1", "attention by patch"), strict=True):
        axis.set_title(name)
        axis.set_xlabel("pixels")
        axis.grid(False)
    axes[0].set_ylabel("pixels")
    return under(figure, title)
