"""Schedules, decay and SGD against numbers computed by hand."""

import math

import pytest
import torch

from vit.models import create_model
from vit.optim import adam, kernels, rate_factor, sgd, with_schedule


@pytest.mark.parametrize(
    ("decay", "step", "factor"),
    [
        ("linear", 0, 0.0),  # the first update of a warm-up has rate 0
        ("linear", 5, 0.5),
        ("linear", 10, 1.0),
        ("linear", 55, 0.5),  # half of the 90 steps after the warm-up
        ("linear", 99, 1 / 90),
        ("cosine", 5, 0.5),
        ("cosine", 10, 1.0),
        ("cosine", 40, 0.5 * (1 + math.cos(math.pi / 3))),
        ("cosine", 55, 0.5),
    ],
)
def test_warmup_from_zero_then_decay_over_what_is_left(decay, step, factor):
    assert rate_factor(step, steps=100, warmup_steps=10, decay=decay) == pytest.approx(factor, abs=1e-12)


def test_a_warmup_as_long_as_the_training_is_refused():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match="warmup_steps"):
        with_schedule(optimizer, steps=10, warmup_steps=10, decay="cosine")


def test_decay_reaches_kernels_and_nothing_else():
    model = create_model("ViT-B/16", image_size=32, num_classes=5, patch=8, depth=2, width=16, heads=2, mlp=32)
    decayed = {id(p) for p in kernels(model)}
    names = {name for name, p in model.named_parameters() if id(p) in decayed}
    rest = {name for name, _ in model.named_parameters()} - names
    assert len(names) == 1 + 2 * 4 + 1  # patches; qkv, out, two dense layers in each block; head
    assert all(name.endswith("weight") for name in names)
    assert any("class_token" in name for name in rest) and any("position" in name for name in rest)
    assert all("norm" in name or name.endswith("bias") or "token" in name or "position" in name for name in rest)


def test_one_adam_step_is_the_decoupled_formula():
    """theta - lr (m_hat / (sqrt(v_hat) + eps) + wd theta): with the first gradient m_hat / sqrt(v_hat) is its sign."""
    layer = torch.nn.Linear(1, 1).double()
    torch.nn.init.constant_(layer.weight, 2.0), torch.nn.init.constant_(layer.bias, 2.0)
    optimizer = adam(layer, lr=0.01, beta1=0.9, beta2=0.999, weight_decay=0.1)
    layer.weight.grad, layer.bias.grad = torch.full((1, 1), 3.0).double(), torch.full((1,), -3.0).double()
    optimizer.step()
    assert layer.weight.item() == pytest.approx(2.0 - 0.01 * (1 + 0.1 * 2.0), abs=1e-9)
    assert layer.bias.item() == pytest.approx(2.0 + 0.01, abs=1e-9)  # no decay


def test_sgd_keeps_the_rate_outside_its_buffer():
    """t = g + 0.9 t, theta = theta - lr t (the authors' code)."""
    layer = torch.nn.Linear(1, 1, bias=False).double()
    torch.nn.init.zeros_(layer.weight)
    optimizer = sgd(layer, lr=1.0, momentum=0.9)
    for rate, gradient in ((1.0, 1.0), (0.5, 2.0)):
        optimizer.param_groups[0]["lr"] = rate
        layer.weight.grad = torch.full((1, 1), gradient).double()
        optimizer.step()
    assert layer.weight.item() == pytest.approx(-1.0 - 0.5 * (2.0 + 0.9 * 1.0), abs=1e-12)
