"""Names beside points: off all signs, lines and other names, within the axes, the same each time."""

from itertools import combinations, pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from vit.report.pictures.labels import dense, overlap, place_labels
from vit.report.pictures.style import LOOK, panels

CROWD = [(f"model {index}", x, y) for index, (x, y) in enumerate(np.random.default_rng(0).uniform(1, 3, (24, 2)))]


def labelled(points, *, line=False):
    """(names as boxes in pixels, signs as boxes in pixels, the axes' box, the texts that are placed)."""
    with matplotlib.rc_context(LOOK):
        figure, ((axis,),) = panels(1, 1, 5, 4)
        axis.set_xscale("log")
        xs, ys = [x for _, x, _ in points], [y for _, _, y in points]
        axis.plot(xs, ys, "s", markersize=6, linestyle="-" if line else "none")
        place_labels(axis, points)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        names = [text for text in axis.texts if text.get_text()]
        boxes = np.array([name.get_window_extent(canvas.get_renderer()).extents for name in names])
        centers, half = axis.transData.transform(np.column_stack([xs, ys])), 3 * figure.dpi / 72
        return boxes, np.hstack([centers - half, centers + half]), axis.get_window_extent().extents, names


def shared(one, other):
    """Area that two boxes share."""
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def test_names_of_a_crowd_cover_neither_each_other_nor_a_sign():
    names, signs, (x0, y0, x1, y1), texts = labelled(CROWD)
    assert [text.get_text() for text in texts] == [text for text, _, _ in CROWD]
    assert all(shared(one, other) == 0 for one, other in combinations(names, 2))
    assert all(shared(name, sign) == 0 for name in names for sign in signs)
    assert all(x0 <= box[0] and y0 <= box[1] and box[2] <= x1 and box[3] <= y1 for box in names)


def test_a_name_alone_stands_at_the_right_of_its_point():
    (name,), (sign,), _, _ = labelled([("alone", 1, 1)])
    assert 0 < name[0] - sign[2] < 5 and name[1] < (sign[1] + sign[3]) / 2 < name[3]


def test_names_keep_off_lines():
    names, signs, _, _ = labelled(CROWD[:6], line=True)
    middles = (signs[:, :2] + signs[:, 2:]) / 2
    for start, end in pairwise(middles):
        on_line = start + (end - start) * np.linspace(0, 1, 400)[:, None]
        for x0, y0, x1, y1 in names:
            inside = (on_line > (x0, y0)) & (on_line < (x1, y1))
            assert not inside.all(axis=1).any()


def test_places_are_the_same_each_time():
    assert np.array_equal(labelled(CROWD)[0], labelled(CROWD)[0])


def test_two_equal_points_are_named_apart():
    names, _, _, _ = labelled([("one", 1, 1), ("the other", 1, 1), ("far", 2, 2)])
    assert shared(names[0], names[1]) == 0


def test_area_that_boxes_share():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]])
    assert overlap(boxes, boxes) == pytest.approx(np.array([[4, 1, 0], [1, 4, 0], [0, 0, 1]]))


def test_a_path_becomes_places_that_are_close():
    places = dense(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0]]))
    assert np.hypot(*np.diff(places, axis=0).T).max() < 2.001
    assert {(0, 0), (10, 0), (10, 5)} <= {tuple(place) for place in places}
