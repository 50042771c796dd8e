"""Names beside points: each takes the first free place around its point, so that neither names nor signs collide."""

from collections.abc import Iterable
from itertools import pairwise, product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection

from vit.report.pictures.style import GREY

# Where a name may stand, best first: beside its point, above and below it, at its corners, between; near before far.
SIDES, CORNERS = ((1, 0), (-1, 0), (0, 1), (0, -1)), ((1, 1), (1, -1), (-1, 1), (-1, -1))
DIRECTIONS = (*SIDES, *CORNERS, *((x, y / 2) for x, y in CORNERS), *((x / 2, y) for x, y in CORNERS))
DISTANCES = (2, 6, 11, 17, 24, 32, 41, 51)  # from the edge of the sign to the name, in points of 1/72 inch
LED = 6  # a name farther away is led to its point by a thin line
ROOM = 1.2  # kept free around names and signs
STEP = 2.0  # a line is kept off at places so far apart
LEAD = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}


def place_labels(axis: Axes, labels: Iterable[tuple[str, float, float]], **look) -> None:
    """Write each (text, x, y) near its point, within the axes, off all signs, lines and other names there.

    Called last, once for each of a figure's axes, when all limits, titles and legends are set: it ends the layout. Where
    nothing is free, a name covers as little as it can. look: of the texts.
    """
    figure = axis.get_figure()
    figure.get_layout_engine().execute(figure)  # before it the axes do not have their final size
    figure.set_layout_engine("none")  # the places hold for this layout, so it stays
    scale = figure.dpi / 72  # pixels of a point
    inside = np.array(axis.get_window_extent().extents) / scale
    taken = signs(axis, scale)
    for text, x, y in labels:
        name = axis.annotate(text, (x, y), (0, 0), textcoords="offset points", **{"fontsize": 7, "color": GREY, **look})
        name.set(ha="left", va="bottom", in_layout=False)
        size = np.array(name.get_window_extent(FigureCanvasAgg(figure).get_renderer()).size) / scale
        center = axis.transData.transform((x, y)) / scale
        corner, lead = free_place(center, size, taken, inside)
        name.set_position(tuple(corner - center))
        taken = np.vstack([taken, [*corner, *(corner + size)]])
        if lead is not None:
            taken = np.vstack([taken, boxes(dense(lead), STEP / 2)])
            ends = [tuple(end - center) for end in lead]
            line = axis.annotate("", (x, y), ends[1], xycoords="data", textcoords="offset points", arrowprops=LEAD)
            line.set_in_layout(False)


def free_place(
    center: np.ndarray, size: np.ndarray, taken: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """(lower left corner of the name, its line to the point or None): the first free one, else that which covers least."""
    edge = radius(center, taken)
    taken = within(taken, center, edge + DISTANCES[-1] + size + ROOM)
    distances, directions = (np.array(part) for part in zip(*product(DISTANCES, DIRECTIONS), strict=True))
    away = (edge + distances)[:, None]
    reach = directions / np.hypot(*directions.T)[:, None] * away
    corners = center + reach - size * (1 - directions) / 2
    names = np.hstack([corners - ROOM, corners + size + ROOM])
    covered = overlap(names, taken).sum(axis=1) + 1e3 * beyond(names, inside)
    best, least = None, np.inf
    for place, total in enumerate(covered):
        if total >= least:  # a line only adds to it
            continue
        lead = None
        if distances[place] > LED:
            lead = center + np.array([reach[place] * edge / away[place], reach[place]])
            total = total + overlap(boxes(dense(lead)[1:], STEP / 2), taken).sum()
        if total < least:
            best, least = (corners[place], lead), total
        if least == 0:
            break
    return best


def signs(axis: Axes, scale: float) -> np.ndarray:
    """(N, 4) boxes x0, y0, x1, y1 in points of 1/72 inch: everything drawn by plot, errorbar and scatter."""
    found = [np.empty((0, 4))]
    for line in axis.get_lines():
        places = line.get_transform().transform(line.get_xydata()) / scale
        if line.get_marker() not in ("", "None", None):
            found.append(boxes(places, line.get_markersize() / 2))
        if line.get_linestyle() != "None":
            found.append(boxes(dense(places), line.get_linewidth() / 2))
    for drawn in axis.collections:
        if isinstance(drawn, PathCollection):
            places = drawn.get_offset_transform().transform(np.asarray(drawn.get_offsets())) / scale
            found.append(boxes(places, np.sqrt(drawn.get_sizes()) / 2))
        elif isinstance(drawn, LineCollection):
            found += [boxes(dense(drawn.get_transform().transform(part) / scale), 0.5) for part in drawn.get_segments()]
    found = np.concatenate(found)
    return found[np.isfinite(found).all(axis=1)]


def boxes(places: np.ndarray, half: float | np.ndarray) -> np.ndarray:
    """(N, 4) squares around (N, 2) places."""
    half = np.broadcast_to(half, len(places))[:, None]
    return np.hstack([places - half, places + half])


def dense(places: np.ndarray) -> np.ndarray:
    """(M, 2): a path of straight lines, as places that are at most STEP apart."""
    parts = [places[:1]]
    for start, end in pairwise(places):
        length = np.hypot(*(end - start))
        count = max(1, int(np.ceil(length / STEP))) if np.isfinite(length) else 1
        parts.append(start + (end - start) * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(parts)


def radius(center: np.ndarray, taken: np.ndarray) -> float:
    """Half the width of the largest sign at this place; 0 where there is none."""
    middles, halves = (taken[:, :2] + taken[:, 2:]) / 2, (taken[:, 2] - taken[:, 0]) / 2
    return float(halves[np.abs(middles - center).max(axis=1) < 0.01].max(initial=0))


def within(taken: np.ndarray, center: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Those of (N, 4) boxes that are at most reach (x, y) away from the center."""
    return taken[((taken[:, 2:] >= center - reach) & (taken[:, :2] <= center + reach)).all(axis=1)]


def overlap(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N, M) areas that (N, 4) boxes share with (M, 4) boxes."""
    width, height = (
        np.minimum.outer(some[:, far], others[:, far]) - np.maximum.outer(some[:, near], others[:, near])
        for near, far in ((0, 2), (1, 3))
    )
    return np.maximum(width, 0) * np.maximum(height, 0)


def beyond(some: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(N,): how far (N, 4) boxes leave another."""
    return (np.maximum(inside[:2] - some[:, :2], 0) + np.maximum(some[:, 2:] - inside[2:], 0)).sum(axis=1)
