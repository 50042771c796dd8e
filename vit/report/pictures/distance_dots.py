"""Mean attention distance by depth, a dot for each head (Figures 7 right and 11)."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from vit.report.pictures.style import COLORS, GREY

TITLE = "Attention distance"


def attention_distance(axis: Axes, arrays: Mapping[str, np.ndarray]) -> str:
    """Draw `attention_distance` (layers, heads), and a line through the means over the heads. Returns the title."""
    distances = arrays["attention_distance"]
    layers, heads = distances.shape
    look = {"color": COLORS[0], "markersize": 4, "alpha": 0.7, "zorder": 3}
    axis.plot(np.repeat(np.arange(layers), heads), distances.ravel(), "o", label="a head", **look)
    axis.plot(range(layers), distances.mean(axis=1), color=COLORS[1], linewidth=1.2, label="mean over heads", zorder=2)
    axis.set_xlabel("network depth (layer)")
    axis.set_ylabel("mean attention distance (pixels)")
    axis.set_xlim(-0.5, layers - 0.5)
    axis.set_xticks(range(0, layers, 1 if layers <= 8 else 5))
    axis.set_ylim(0, 1.08 * distances.max())
    return TITLE


def draw_published(axis: Axes, dots: np.ndarray, *, depth: tuple[int, int], side: tuple[int, int]) -> None:
    """The paper's (layer, distance in pixels) in grey behind ours, at the same share of the depth and of the image's side.

    depth, side: number of layers and image side in pixels, of ours and of the paper's. Where they differ, grey axes above
    and at the right have the paper's numbers.
    """
    across, up = depth[0] / depth[1], side[0] / side[1]
    layers, distances = (dots[:, 0] + 0.5) * across - 0.5, dots[:, 1] * up
    axis.plot(layers, distances, "o", color=GREY, markersize=3.5, alpha=0.35, label="a head, the paper", zorder=1)
    axis.set_ylim(0, max(axis.get_ylim()[1], 1.08 * distances.max()))
    if depth[0] != depth[1] or side[0] != side[1]:
        above = axis.secondary_xaxis(
            "top", functions=(lambda x: (x + 0.5) / across - 0.5, lambda x: (x + 0.5) * across - 0.5)
        )
        right = axis.secondary_yaxis("right", functions=(lambda y: y / up, lambda y: y * up))
        above.set_xlabel("the paper: layer", color=GREY)
        right.set_ylabel("the paper: pixels", color=GREY)
        for papers in (above, right):
            papers.tick_params(colors=GREY)
            papers.spines[:].set_visible(False)
