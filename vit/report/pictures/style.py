"""How every picture looks: colours that the colour-blind tell apart, a white sheet that reads on any page, equal bytes each time."""

import io

import matplotlib
from matplotlib.figure import Figure

COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#000000",
)  # Okabe and Ito, yellow left out
MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # a second sign beside the colour
GREY = "#6b7280"
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


def panels(rows, columns, width, height):
    """A figure with a grid of axes, always as a two-dimensional array."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, squeeze=False)


def drawn(draw, report):
    """SVG text of draw(report), without date or program version and with ids that are the same each time."""
    text = io.StringIO()
    with matplotlib.rc_context({**LOOK, "svg.hashsalt": report.name}):
        draw(report).savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()
