"""Which part of a picture the model sees: ramps tell where each of its pixels comes from."""

import numpy as np
import pytest
import torch

from data.transforms.seen import seen
from data.transforms.transform import Transform


@pytest.mark.parametrize("evaluation", ["resize", "central_crop(20)", "squashed_crop(24)"])
@pytest.mark.parametrize("shape", [(90, 120), (121, 80), (64, 64)])
def test_every_pixel_of_the_models_input_comes_from_where_it_says(evaluation, shape):
    transform = Transform(size=16, augment=[], evaluation=evaluation, resize="antialiased")
    top, left, height, width = seen(transform, *shape)
    for axis, (first, length) in enumerate(((top, height), (left, width))):
        ramp = torch.arange(shape[axis], dtype=torch.uint8).view((-1, 1) if axis == 0 else (1, -1)).expand(shape)
        values = transform.evaluate([ramp.expand(3, *shape)])[0, 0].numpy().mean(axis=1 - axis)
        expected = first + (np.arange(16) + 0.5) * length / 16 - 0.5  # of the center of each of its pixels
        inner = slice(2, -2)  # at the edge of the whole picture the filter is cut off
        np.testing.assert_allclose(values[inner], expected[inner], atol=1.01)  # levels are truncated to whole ones
