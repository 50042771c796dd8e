"""Filters next to the image: their principal components as RGB (Figure 7 left), and their singular values.

K components, p side of a filter.
"""

from math import ceil

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.inside.titles import wrapped
from vit.report.pictures.style import COLORS, panels

ACROSS = 7  # as in Figure 7
WIDE, WIDTH = 7.5, 5.5  # of the two pictures in inches


def components_picture(components: np.ndarray, explained: np.ndarray, title: str) -> Figure:
    """components (K, 3, p, p), each from grey at 0 to full color at its largest entry; explained (K,): shares of variance."""
    down = ceil(len(components) / ACROSS)
    figure, axes = panels(down, ACROSS, WIDE, 0.9 + 1.18 * down)
    for axis in axes.flat:
        axis.set_axis_off()
    for number, (axis, component) in enumerate(zip(axes.flat, components, strict=False), 1):
        axis.imshow(0.5 + 0.5 * (component / abs(component).max()).transpose(1, 2, 0), interpolation="nearest")
        axis.set_title(f"{number}: {explained[number - 1]:.1%}", fontsize=7.5, loc="center")
    figure.suptitle(wrapped(title, WIDE), fontsize=9.5)
    return figure


def singular_values_picture(values: np.ndarray, title: str) -> Figure:
    """values (n,), falling."""
    figure, ((axis,),) = panels(1, 1, WIDTH, 3.4)
    axis.plot(range(1, len(values) + 1), values, color=COLORS[0])
    axis.set_ylim(bottom=0)
    axis.set_xlabel("number of the singular value")
    axis.set_ylabel("singular value")
    axis.set_title(wrapped(title, WIDTH))
    return figure
