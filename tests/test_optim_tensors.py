"""Clipping, momentum and Polyak averages on plain tensors, against numbers computed by hand."""

import numpy as np
import pytest
import torch
from reference import protocols

from vit.optim import Lamb, Lion, Momentum, Polyak, clip_by_global_norm, global_norm


def draws(*shapes, seed=0, dtype=torch.float64):
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.standard_normal(shape)).to(dtype) for shape in shapes]


def test_the_global_norm_is_that_of_all_elements_together():
    assert global_norm([torch.tensor([3.0, 0.0]), torch.tensor([[4.0], [12.0]])]).item() == 13.0


def test_the_official_rule_leaves_small_gradients_alone_and_divides_by_the_norm_itself():
    below, above = [torch.tensor([0.6, 0.79])], [torch.tensor([3.0]).double(), torch.tensor([4.0]).double()]
    kept = below[0].clone()
    assert clip_by_global_norm(below, 1.0).item() == pytest.approx(0.992, abs=1e-3) and torch.equal(below[0], kept)
    assert clip_by_global_norm(above, 2.0).item() == 5.0
    assert [g.item() for g in above] == [3 / 5 * 2, 4 / 5 * 2]


def test_torchs_rule_is_torchs_bit_for_bit():
    parameters = [torch.nn.Parameter(torch.zeros(5, 3)), torch.nn.Parameter(torch.zeros(7))]
    gradients = draws((5, 3), (7,), dtype=torch.float32)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(parameters, 0.5)
    clip_by_global_norm(gradients, 0.5, rule="torch")
    assert all(torch.equal(p.grad, g) for p, g in zip(parameters, gradients, strict=True))


def test_the_rules_differ_by_one_millionth_of_the_norm():
    official, torchs = [torch.tensor([2.0]).double()], [torch.tensor([2.0]).double()]
    clip_by_global_norm(official, 1.0), clip_by_global_norm(torchs, 1.0, rule="torch")
    assert official[0].item() == 1.0 and 1 - torchs[0].item() == pytest.approx(1e-6 / 2, rel=1e-3)


def test_parameters_without_gradient_are_left_out():
    used, unused = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    used.grad = torch.tensor([4.0])
    assert clip_by_global_norm([used, unused], 1.0).item() == 4.0
    assert used.grad.item() == 1.0 and unused.grad is None


def steps(optimizer, parameters, count=5, dtype=torch.float32):
    for step in range(count):
        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        for parameter, gradient in zip(parameters, draws((4, 3), (6,), seed=step, dtype=dtype), strict=True):
            parameter.grad = gradient
        optimizer.step()


def test_a_float32_buffer_without_decay_is_torchs_sgd_bit_for_bit():
    ours, theirs = ([torch.nn.Parameter(p) for p in draws((4, 3), (6,), seed=9, dtype=torch.float32)] for _ in "12")
    steps(Momentum(ours, lr=0.1, momentum=0.9), ours)
    steps(torch.optim.SGD(theirs, lr=0.1, momentum=0.9), theirs)
    assert all(torch.equal(actual, expected) for actual, expected in zip(ours, theirs, strict=True))


def test_a_bfloat16_buffer_rounds_the_stored_copy_and_the_constant_but_not_the_update():
    """In bfloat16 0.9 is 0.8984375 and 1.01 is 1.0078125."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = Momentum([parameter], lr=1.0, momentum=0.9, momentum_dtype="bfloat16")
    parameter.grad = torch.tensor([1.01])
    optimizer.step()
    assert parameter.item() == pytest.approx(-1.01, abs=1e-7)
    parameter.grad = torch.zeros(1)
    optimizer.step()
    assert parameter.item() == pytest.approx(-1.01 - 0.8984375 * 1.0078125, abs=1e-7)


def test_the_two_buffers_differ_by_a_thousandth_within_a_dozen_steps():
    exact, rounded = ([torch.nn.Parameter(torch.zeros(1).double())] for _ in "12")
    for parameters, dtype in ((exact, "float32"), (rounded, "bfloat16")):
        optimizer = Momentum(parameters, lr=1.0, momentum=0.9, momentum_dtype=dtype)
        for _ in range(12):
            parameters[0].grad = torch.ones(1).double()
            optimizer.step()
    assert 0.001 < 1 - rounded[0].item() / exact[0].item() < 0.015


def test_decay_bypasses_the_momentum():
    """theta - lr (t + wd theta), so that after a step without gradient only 0.9 t of the gradients is left in t."""
    parameter = torch.nn.Parameter(torch.tensor([2.0]).double())
    optimizer = Momentum([parameter], lr=0.5, momentum=0.9, weight_decay=0.1)
    for gradient in (1.0, 0.0):
        parameter.grad = torch.tensor([gradient]).double()
        optimizer.step()
    theta = 2.0 - 0.5 * (1.0 + 0.1 * 2.0)
    assert parameter.item() == pytest.approx(theta - 0.5 * (0.9 + 0.1 * theta), abs=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_momentum_goes_on_from_its_state_bit_for_bit(dtype):
    """torch casts a loaded buffer to its parameter's dtype, and would go on with an unrounded one."""

    def fresh():
        parameters = [torch.nn.Parameter(p) for p in draws((4, 3), (6,), seed=9, dtype=torch.float32)]
        return parameters, Momentum(parameters, lr=0.1, momentum=0.9, momentum_dtype=dtype)

    (whole, optimizer), (resumed, first) = fresh(), fresh()
    steps(optimizer, whole), steps(optimizer, whole)
    steps(first, resumed)
    second = Momentum(resumed, lr=0.1, momentum=0.9, momentum_dtype=dtype)
    second.load_state_dict(first.state_dict())
    steps(second, resumed)
    assert all(torch.equal(actual, expected) for actual, expected in zip(whole, resumed, strict=True))
    assert second.state[resumed[0]]["momentum_buffer"].dtype == getattr(torch, dtype)


KINDS = {"lion": Lion, "lamb": Lamb}


def references(decay):
    return {
        "lion": protocols.Lion(0.9, 0.99, decay=decay, kernels=["0", "1"]),
        "lamb": protocols.Lamb(0.9, 0.99, wd_over_lr=decay, kernels=["0", "1"]),
    }


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_lion_and_lamb_are_the_formulas_of_their_papers(name, decay):
    parameters = [torch.nn.Parameter(p) for p in draws((4, 3), (6,), seed=9)]
    expected = {str(i): parameter.detach().numpy().copy() for i, parameter in enumerate(parameters)}
    optimizer, reference = (
        KINDS[name](parameters, lr=0.1, beta1=0.9, beta2=0.99, weight_decay=decay),
        references(decay)[name],
    )
    for step in range(6):
        rate = optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        gradients = draws((4, 3), (6,), seed=step)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()
        reference.update(expected, {str(i): gradient.numpy() for i, gradient in enumerate(gradients)}, rate)
    for parameter, values in zip(parameters, expected.values(), strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), values, rtol=0, atol=1e-12)


def test_a_parameter_of_zeros_has_trust_ratio_1():
    """u of a first step is the gradient's sign but for epsilon; a ratio of |theta| / |u| = 0 would keep it there for ever."""
    parameter = torch.nn.Parameter(torch.zeros(3).double())
    parameter.grad = torch.tensor([2.0, -5.0, 0.0]).double()
    Lamb([parameter], lr=0.1, beta1=0.9, beta2=0.999).step()
    assert parameter.tolist() == pytest.approx([-0.1, 0.1, 0.0], abs=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_lion_and_lamb_go_on_from_their_state_bit_for_bit(name):
    def fresh():
        parameters = [torch.nn.Parameter(p) for p in draws((4, 3), (6,), seed=9, dtype=torch.float32)]
        return parameters, KINDS[name](parameters, lr=0.1, beta1=0.9, beta2=0.99, weight_decay=0.1)

    (whole, optimizer), (resumed, first) = fresh(), fresh()
    steps(optimizer, whole), steps(optimizer, whole)
    steps(first, resumed)
    second = KINDS[name](resumed, lr=0.1, beta1=0.9, beta2=0.99)
    second.load_state_dict(first.state_dict())
    steps(second, resumed)
    assert all(torch.equal(actual, expected) for actual, expected in zip(whole, resumed, strict=True))


def test_rounding_to_bfloat16_in_the_reference_is_torchs():
    values = np.random.default_rng(0).standard_normal(10_000)
    assert np.array_equal(protocols.bfloat16(values), torch.from_numpy(values).to(torch.bfloat16).double().numpy())


def test_polyak_averages_from_the_starting_weights():
    parameter = torch.nn.Parameter(torch.tensor([1.0]).double())
    polyak = Polyak([parameter], 0.9)
    for value in (2.0, 4.0):
        parameter.data.fill_(value)
        polyak.update([parameter])
    assert polyak.average[0].item() == pytest.approx(0.9 * (0.9 * 1.0 + 0.1 * 2.0) + 0.1 * 4.0, abs=1e-12)
    polyak.swap([parameter])
    assert (parameter.item(), polyak.average[0].item()) == (pytest.approx(1.39), 4.0)
    polyak.swap([parameter])
    assert parameter.item() == 4.0
    polyak.write_to([parameter])
    assert parameter.item() == polyak.average[0].item() == pytest.approx(1.39)
