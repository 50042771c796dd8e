"""The hybrid's standardised kernels: value and gradient of the plain formula (w - mean) / (std + 1e-5)."""

import pytest
import torch

from vit.models.standardise import EPS, standardised


def plain(weight):
    rows = weight.flatten(1)
    centred = rows - rows.mean(dim=1, keepdim=True)
    return (centred / (rows.std(dim=1, correction=0, keepdim=True) + EPS)).view_as(weight)


def with_gradient(function, weight, gradient):
    weight = weight.clone().requires_grad_()
    value = function(weight)
    return value, *torch.autograd.grad(value, weight, gradient)


@pytest.mark.parametrize("mean", [0.0, 0.1])
@pytest.mark.parametrize("std", [1e-5, 0.02, 1.0])  # at the first, 1e-5 matters as much as the kernel itself
@pytest.mark.parametrize("shape", [(6, 4, 1, 1), (5, 3, 7, 7)])
def test_value_and_gradient_are_those_of_the_plain_formula(shape, std, mean):
    torch.manual_seed(0)
    weight, gradient = torch.randn(2, *shape, dtype=torch.float64)
    ours = with_gradient(standardised, std * weight + mean, gradient)
    for actual, expected in zip(ours, with_gradient(plain, std * weight + mean, gradient), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


def test_in_float32_too():
    torch.manual_seed(0)
    weight, gradient = torch.randn(2, 8, 16, 3, 3)
    ours = with_gradient(standardised, 0.02 * weight, gradient)
    exact = with_gradient(plain, 0.02 * weight.double(), gradient.double())
    for actual, expected in zip(ours, exact, strict=True):
        torch.testing.assert_close(actual.double(), expected, rtol=1e-5, atol=1e-5)


def test_a_kernel_of_zeros_stays_one_and_its_gradient_is_finite():
    value, gradient = with_gradient(standardised, torch.zeros(1, 4, 1, 1), torch.arange(4.0).view(1, 4, 1, 1))
    assert torch.equal(value, torch.zeros(1, 4, 1, 1))
    torch.testing.assert_close(gradient.flatten(), (torch.arange(4.0) - 1.5) / EPS)


def test_there_is_no_second_derivative_rather_than_a_wrong_one():
    weight = torch.randn(2, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(standardised(weight).square().sum(), weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
