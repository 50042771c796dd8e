"""Mean attention distance of each head by depth (Figures 7 right and 11)."""

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.inside.titles import wrapped
from vit.report.pictures.style import COLORS, GREY, panels

WIDTH = 5.5  # inches


def distance_picture(distance: np.ndarray, title: str, *, kinds: tuple[str, ...] = ("a head",)) -> Figure:
    """distance (L, H) in pixels, a dot for each; a line joins the means over heads.

    kinds: of L, if they alternate: the heads along rows, then along columns, of an axial model.
    """
    figure, ((axis,),) = panels(1, 1, WIDTH, 3.8)
    for index, kind in enumerate(kinds):
        part = distance[index :: len(kinds)]
        layers = np.arange(1, len(part) + 1)
        x = np.repeat(layers, part.shape[1]) + 0.2 * (index - (len(kinds) - 1) / 2)
        axis.plot(x, part.ravel(), "os"[index], color=COLORS[index], alpha=0.7, markeredgewidth=0, label=kind)
    means = distance.mean(axis=1).reshape(-1, len(kinds)).mean(axis=1)
    axis.plot(layers, means, color=GREY, linewidth=1, zorder=1, label="mean of the layer")
    axis.set_ylim(bottom=0)
    every = -(-len(layers) // 16)
    axis.set_xticks(layers[::every])
    axis.set_xlim(0.5, len(layers) + 0.5)
    axis.set_xlabel("network depth (layer)")
    axis.set_ylabel("mean attention distance (pixels)")
    axis.set_title(wrapped(title, WIDTH))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure
