"""Singular values of a matrix, in order."""

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.inside.titled import TITLE, under
from vit.report.pictures.style import COLORS, panels


def spectrum(values: np.ndarray, title: str) -> Figure:
    """values (n,), falling."""
    figure, ((axis,),) = panels(1, 1, 5.5, 3.2 + TITLE)
    axis.plot(range(1, len(values) + 1), values, color=COLORS[0])
    axis.set_ylim(bottom=0)
    axis.set_xlabel("number of the singular value")
    axis.set_ylabel("singular value")
    return under(figure, title)
