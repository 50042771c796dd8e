"""Similarity of position embeddings (Figures 7 center and 10).

(h, w) the grid of patches.
"""

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.inside.mosaic import mosaic

MOST = 14  # maps along an axis; of larger grids every second, third ... row and column is drawn


def similarity_picture(similarity: np.ndarray, name: str) -> Figure:
    """similarity (h, w, h, w): at the place of a patch the map of its cosine similarity with all patches."""
    rows, columns = (range(0, side, -(-side // MOST)) for side in similarity.shape[:2])
    maps = similarity[np.ix_(rows, columns)]
    shown = "" if maps.shape == similarity.shape else f"; one row in {rows.step} and one column in {columns.step}"
    return mosaic(
        maps,
        *([index + 1 for index in side] for side in (rows, columns)),
        title=f"{name}\nsimilarity of position embeddings{shown}",
        labels=("input patch row", "input patch column"),
        scale=dict(vmin=-1, vmax=1, label="cosine similarity"),
    )
