"""The max pool of the root has torch's bits, forward and backward."""

import pytest
import torch
import torch.nn.functional as F

from vit.models.max_pool import max_pool


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(2, 5, 18, 18), (1, 32, 7, 10), (3, 64, 17, 17)])
@pytest.mark.parametrize("options", [{}, {"padding": (1, 0), "ceil_mode": True}, {"padding": (1, 1)}], ids=str)
def test_the_bits_are_torchs(shape, options, dtype):
    """Levels are few, so that windows have several largest elements, of which the first gets the gradient."""
    torch.manual_seed(0)
    levels = torch.randint(0, 4, shape).to(dtype)
    ours, theirs = levels.clone().requires_grad_(), levels.clone().requires_grad_()
    found, expected = max_pool(ours, **options), F.max_pool2d(theirs, 3, 2, **options)
    gradient = torch.randn_like(expected)
    found.backward(gradient)
    expected.backward(gradient)
    assert torch.equal(found, expected)
    assert torch.equal(ours.grad, theirs.grad)
    assert found.is_contiguous()
    with torch.no_grad():
        assert torch.equal(max_pool(levels, **options), expected)


def test_second_derivatives():
    """That of a pool is zero, but gradients of gradients pass through it."""
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: max_pool(x * x), x)
