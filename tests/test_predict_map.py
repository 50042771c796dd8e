"""The brightness of a picture under a map, on pictures of four and five pixels."""

import numpy as np

from vit.predict.map_over_picture import map_over_picture


def test_the_brightness_is_linear_between_the_centers_of_patches():
    attention = np.array([[0.4, 0.0], [0.0, 0.0]])
    shown = map_over_picture(np.full((4, 4, 3), 200, np.uint8), attention, (0.0, 0.0, 4.0, 4.0), 2)
    line = np.array([1, 0.75, 0.25, 0])
    assert shown[:, :, 1].tolist() == np.rint(200 * np.outer(line, line)).astype(int).tolist()


def test_a_remainder_that_the_patches_drop_is_black():
    """5 pixels in 2 patches of 2: the last pixel is in no patch."""
    shown = map_over_picture(np.full((5, 5, 3), 200, np.uint8), np.ones((2, 2)), (0.0, 0.0, 5.0, 5.0), 2.5)
    assert shown[:4, :4].min() == 200 and not shown[4].any() and not shown[:, 4].any()
