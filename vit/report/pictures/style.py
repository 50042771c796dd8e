"""The look of all pictures: colors for the color-blind, white background on any page, equal bytes each time."""

import io
from collections.abc import Callable

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from vit.report.collect import Report

COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#000000",
)  # Okabe and Ito, yellow left out
MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # a second distinction beside the color
GREY = "#6b7280"
PALE = "#c3c7cf"  # of the paper's signs and bars where ours are drawn over them
FORMATS = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}  # ending -> metadata that is left out
WAYS = {
    "png": {"dpi": 200, "pil_kwargs": {"compress_level": 1}}
}  # a fifth larger than the smallest, in half of its time
TEXT = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],
    "svg.fonttype": "none",
}
AXES = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.7,
}
LINES = {"lines.linewidth": 1.6, "lines.markersize": 5, "axes.axisbelow": True, "axes.edgecolor": GREY}
LOOK = {**TEXT, **AXES, **LINES, "axes.titlelocation": "left"}


def panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, np.ndarray]:
    """A figure of width x height inches and its axes, always as a two-dimensional array."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, squeeze=False)


def files(draw: Callable[[Report], Figure], report: Report) -> dict[str, bytes]:
    """Ending -> content of the same figure. Without a salt matplotlib draws random ids, and it writes date and version."""
    written = {}
    with matplotlib.rc_context({**LOOK, "svg.hashsalt": report.name}):
        figure = draw(report)
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)  # each file would compute the layout anew, with a drawing of everything for it
        for ending, metadata in FORMATS.items():
            content = io.BytesIO()
            figure.savefig(content, format=ending, metadata=metadata, **WAYS.get(ending, {}))
            written[ending] = content.getvalue()
    return written
