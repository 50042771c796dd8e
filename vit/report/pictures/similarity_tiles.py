"""Cosine similarity of position embeddings, a tile for each patch (Figures 7 center and 10)."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from vit.report.pictures.tiles import mosaic, show

TITLE = "Position embedding similarity"
COLORS = ScalarMappable(Normalize(-1, 1), matplotlib.colormaps["viridis"])  # its lightness rises with the value
NAMED = 7  # rows and columns that are numbered, at most


def position_similarity(axis: Axes, arrays: Mapping[str, np.ndarray]) -> str:
    """Draw `position_similarity` (rows, columns, rows, columns): tile (i, j) is the map of patch (i, j). Returns the title."""
    similarity = arrays["position_similarity"]
    rows, columns = similarity.shape[:2]
    gap = max(1, rows // 7)
    show(axis, mosaic(COLORS.to_rgba(similarity)[..., :3], gap))
    for count, size, set_ticks in ((columns, columns, axis.set_xticks), (rows, rows, axis.set_yticks)):
        shown = range(0, count, -(-count // NAMED))
        set_ticks([(size + gap) * place + (size - 1) / 2 for place in shown], [str(place + 1) for place in shown])
    axis.tick_params(length=0)
    axis.set_xlabel("input patch column")
    axis.set_ylabel("input patch row")
    bar = axis.get_figure().colorbar(COLORS, ax=axis, fraction=0.046, ticks=[-1, 0, 1])
    bar.set_label("cosine similarity")
    return TITLE
