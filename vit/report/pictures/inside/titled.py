"""Figures of one panel under a title that breaks where the picture ends, whatever the name of the checkpoint."""

from collections.abc import Callable, Mapping
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.arrangement import CHARACTER
from vit.report.pictures.style import panels

TITLE = 0.6  # inches


def wrapped(title: str, inches: float) -> str:
    """Its lines, none longer than a picture of that width."""
    return "\n".join(fill(line, int(inches / CHARACTER)) for line in title.splitlines())


def panel(draw: Callable, arrays: Mapping[str, np.ndarray], title: str, *, width: float, height: float) -> Figure:
    """What one of vit.report.pictures.of_arrays.DRAWN draws of the arrays, its own title below the given one."""
    figure, ((axis,),) = panels(1, 1, width, height + TITLE)
    axis.set_title(draw(axis, arrays))
    if axis.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return under(figure, title)


def under(figure: Figure, title: str) -> Figure:
    figure.suptitle(wrapped(title, figure.get_size_inches()[0]), x=0.02, horizontalalignment="left", fontsize=9.5)
    return figure
