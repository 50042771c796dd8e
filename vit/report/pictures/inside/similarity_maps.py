"""Similarity of position embeddings (Figures 7 center and 10).

(h, w) the grid of patches.
"""

import numpy as np
from matplotlib.figure import Figure

from vit.report.pictures.inside.mosaic import color_bar, draw_mosaic, inches
from vit.report.pictures.style import panels

MOST = 14  # maps along an axis; of larger grids every second, third ... row and column is drawn


def similarity_picture(similarity: np.ndarray, name: str) -> Figure:
    """similarity (h, w, h, w): at the place of a patch the map of its cosine similarity with all patches."""
    rows, columns = (range(0, side, -(-side // MOST)) for side in similarity.shape[:2])
    maps = similarity[np.ix_(rows, columns)]
    width, height = inches(maps)
    figure, ((axis,),) = panels(1, 1, max(width, 3.2) + 1.6, height + 1.2)
    numbers = [[index + 1 for index in side] for side in (rows, columns)]
    image = draw_mosaic(axis, maps, *numbers, vmin=min(-1, maps.min()), vmax=1)
    subset = "" if maps.shape == similarity.shape else f"\n(every {rows.step}. row and {columns.step}. column)"
    axis.set_title(f"{name}: similarity\nof position embeddings{subset}")
    axis.set_xlabel("input patch column")
    axis.set_ylabel("input patch row")
    color_bar(figure, image, axis, "cosine similarity")
    return figure
