"""The MLP as one autograd function: the values and gradients of the separate operations, and when it is used."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from vit.models import create_model, gelu
from vit.models.encoder_block import MLP
from vit.models.gelu import DenseGeluDense

FORMS = ["tanh", "none"]
SIZE = dict(width=6, hidden=10)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Three rows a block, so that the last of the 8 in these tests is not full."""
    monkeypatch.setattr(gelu, "BLOCK", 30 // torch.get_num_threads())


def inputs(dtype=torch.float64):
    """z (2, 4, 6) and the weights of 6 x 10 x 6."""
    torch.manual_seed(0)
    shapes = dict(z=(2, 4, 6), w1=(10, 6), b1=(10,), w2=(6, 10), b2=(6,))
    return [(torch.randn(shape, dtype=dtype) / 2).requires_grad_() for shape in shapes.values()]


def separate(z, w1, b1, w2, b2, form):
    return F.linear(F.gelu(F.linear(z, w1, b1), approximate=form), w2, b2)


def results(function, tensors, form, weight=None):
    value = function(*tensors, form)
    return [value, *torch.autograd.grad(value, tensors, torch.ones_like(value) if weight is None else weight)]


def mlp(form="tanh", dropout=0.0):
    torch.manual_seed(0)
    return MLP(**SIZE, gelu=form, dropout=dropout)


def is_fused(value):
    return "DenseGeluDense" in value.grad_fn.name()


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_is_that_of_finite_differences(form):
    assert torch.autograd.gradcheck(DenseGeluDense.apply, (*inputs(), form))


def by_definition(x, form):
    """GELU in numpy: x times the normal distribution function, or its approximation by tanh."""
    if form == "none":
        return x * np.vectorize(lambda number: (1 + math.erf(number / math.sqrt(2))) / 2)(x)
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@pytest.mark.parametrize("form", FORMS)
def test_values_are_those_of_the_definition(form):
    z, w1, b1, w2, b2 = tensors = [tensor.detach().numpy() for tensor in inputs()]
    expected = by_definition(z @ w1.T + b1, form) @ w2.T + b2
    got = DenseGeluDense.apply(*map(torch.from_numpy, tensors), form)
    np.testing.assert_allclose(got.numpy(), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 3e-6)])
def test_values_and_gradients_are_those_of_autograd(form, dtype, tolerance):
    weight = torch.randn(2, 4, 6, dtype=dtype)
    ours = results(DenseGeluDense.apply, inputs(dtype), form, weight)
    for actual, expected in zip(ours, results(separate, inputs(dtype), form, weight), strict=True):
        torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)
        assert actual.is_contiguous()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_from_zero_the_gelu_is_0_or_x_and_its_slope_0_or_1(form, dtype):
    x = torch.tensor([[-1e6, -100.0, -20.0, 20.0, 100.0, 1e6]], dtype=dtype)
    value, slope = gelu.value_and_slope(x.clone(), torch.zeros(6, dtype=dtype), form)
    torch.testing.assert_close(value, x.clamp(min=0))
    torch.testing.assert_close(slope, (x > 0).to(dtype))


def test_tensors_that_are_not_contiguous_give_the_same():
    z, *weights = inputs()
    turned = z.detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_()
    gradient = torch.ones((), dtype=z.dtype).expand(2, 4, 6)
    ours = results(DenseGeluDense.apply, [turned, *weights], "tanh", gradient)
    for actual, expected in zip(ours, results(separate, [z, *weights], "tanh"), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-13, atol=1e-13)


def test_a_graph_gives_its_gradient_once_and_again_while_it_is_kept():
    tensors = inputs()
    value = DenseGeluDense.apply(*tensors, "tanh").sum()
    first = torch.autograd.grad(value, tensors, retain_graph=True)
    assert all(map(torch.equal, first, torch.autograd.grad(value, tensors)))
    with pytest.raises(RuntimeError, match="retain_graph"):
        torch.autograd.grad(value, tensors)


@pytest.mark.parametrize("form", FORMS)
def test_second_derivatives_are_those_of_finite_differences(form):
    assert torch.autograd.gradgradcheck(DenseGeluDense.apply, (*inputs(), form))


def test_no_more_is_kept_for_the_backward_pass_than_autograd_keeps():
    """Two hidden-sized tensors each: values and slopes, or input and output of the GELU."""

    def kept(function):
        tensors, sizes = inputs(), {}
        known = {tensor.data_ptr() for tensor in tensors}
        with saved_tensors_hooks(lambda t: sizes.update({t.data_ptr(): t.nbytes}) or t, lambda t: t):
            function(*tensors, "tanh")
        return [size for pointer, size in sizes.items() if pointer not in known]

    assert kept(DenseGeluDense.apply) == kept(separate) == [2 * 4 * 10 * 8] * 2


@pytest.mark.parametrize("form", ["tanh", "erf"])
def test_an_mlp_trains_by_the_fused_function_on_a_cpu(form):
    z = torch.randn(2, 4, 6, requires_grad=True)
    assert is_fused(mlp(form)(z))
    assert is_fused(mlp(form).double()(z.double()))
    assert is_fused(mlp(form, dropout=0.1).eval()(z))


def test_with_dropout_a_frozen_weight_or_16_bits_the_operations_are_separate():
    z, frozen = torch.randn(2, 4, 6, requires_grad=True), mlp()
    frozen.dense1.bias.requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = mlp()(z)
    assert mixed.dtype == torch.bfloat16
    for value in (mixed, mlp(dropout=0.1).train()(z), frozen(z), mlp()(z.detach()), mlp().bfloat16()(z.bfloat16())):
        assert not is_fused(value)


def test_without_gradients_and_on_the_meta_device_the_operations_are_separate():
    z, module = torch.randn(2, 4, 6, requires_grad=True), mlp()
    for no_gradients in (torch.no_grad, torch.inference_mode):
        with no_gradients():
            torch.testing.assert_close(module(z), separate(z, *module.parameters(), "tanh"), rtol=0, atol=0)
    assert not is_fused(module.to("meta")(z.to("meta")))


def test_gradients_of_every_image_at_once_by_torch_func():
    module, z = mlp().double(), torch.randn(3, 4, 6, dtype=torch.float64)
    weights = dict(module.named_parameters())

    def loss(weights, z):
        return torch.func.functional_call(module, weights, z).square().sum()

    together = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, z)
    for number, image in enumerate(z):
        single = torch.autograd.grad(loss(weights, image.clone().requires_grad_()), list(weights.values()))
        for name, gradient in zip(weights, single, strict=True):
            torch.testing.assert_close(together[name][number], gradient, rtol=1e-12, atol=1e-12)


def test_a_training_step_counts_as_many_flops_as_its_matrices_have():
    """Twice a multiply-add, forward and twice that backward: 4 images, 5 tokens."""
    model = create_model("ViT-B/16", image_size=4, patch=2, width=8, depth=1, heads=2, mlp=16, num_classes=3)
    z = torch.randn(4, 5, 8, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        value = model.blocks[0].mlp(z)
        assert is_fused(value)
        value.sum().backward()
    assert counter.get_total_flops() == 3 * 2 * 4 * 5 * (2 * 8 * 16)
