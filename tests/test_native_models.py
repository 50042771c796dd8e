"""Attention of short sequences and GELU in C: torch's values and gradients up to rounding, and torch's wherever they cannot be."""

import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel

from vit.models import gelu as models_gelu
from vit.models.encoder_block import Attention, Block
from vit.models.position import Relative
from vit.models.short_attention import attend, separate
from vit.native import fused_attention as attention
from vit.native import fused_gelu as gelu
from vit.native.usable import torch_only

pytestmark = pytest.mark.skipif(
    attention.functions() is None or gelu.function() is None,
    reason="vit/native is not built: no C compiler, or no AVX2",
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def close(found, expected, units=8):
    """Do they differ by a few roundings of the largest element?"""
    return (found - expected).abs().max() <= units * torch.finfo(torch.float32).eps * expected.abs().max()


@pytest.mark.parametrize("tokens", [1, 4, 5, 8, 17, 65, 128])
@pytest.mark.parametrize(("heads", "size"), [(4, 16), (3, 8), (2, 64), (1, 24)])
def test_attention_and_its_gradient(tokens, heads, size):
    torch.manual_seed(0)
    qkv = torch.randn(3, tokens, 3 * heads * size, dtype=torch.float64).float()
    exact, ours = qkv.double().requires_grad_(), qkv.requires_grad_()
    found, expected = attend(ours, heads), separate(exact, heads)
    gradient = torch.randn_like(found)
    found.backward(gradient)
    expected.backward(gradient.double())
    assert close(found.double(), expected)
    assert close(ours.grad.double(), exact.grad)


def test_large_scores_and_what_is_no_number():
    """One key far above the others takes all weight; infinity and NaN do not vanish."""
    qkv = torch.zeros(1, 5, 3 * 8)
    qkv[0, :, 0], qkv[0, 3, 8], qkv[0, :, 16:] = 100.0, 100.0, torch.arange(40.0).view(5, 8)
    assert torch.equal(attend(qkv, 1), qkv[:, 3:4, 16:].expand(-1, 5, -1))
    for value in (float("nan"), float("inf")):
        for feature in (0, 8, 16):  # of a query, a key and a value
            broken = qkv.clone()
            broken[0, 2, feature] = value
            q, k, v = broken.chunk(3, dim=-1)
            expected = (q @ k.mT).softmax(-1) @ v  # torch's fused product makes a row of zeros of a query that is NaN
            assert torch.equal(attend(broken, 1).isfinite(), expected.isfinite())


def test_gradients_of_gradients_are_those_of_torchs_product():
    found = []
    for function in (attend, separate):
        torch.manual_seed(1)
        qkv = torch.randn(2, 5, 48, requires_grad=True)
        with sdpa_kernel(SDPBackend.MATH):
            (gradient,) = torch.autograd.grad(function(qkv, 2).square().sum(), qkv, create_graph=True)
        found.append(torch.autograd.grad(gradient.square().sum(), qkv)[0])
    assert close(*found, units=64)


def test_a_gradient_that_is_no_contiguous_tensor():
    """As that of a sum: one element, expanded."""
    torch.manual_seed(0)
    qkv = torch.randn(2, 5, 48)
    ours, theirs = qkv.clone().requires_grad_(), qkv.clone().requires_grad_()
    attend(ours, 2).sum().backward()
    separate(theirs, 2).sum().backward()
    assert close(ours.grad, theirs.grad)


def test_where_torchs_product_is_taken():
    qkv = torch.randn(2, 5, 48)
    assert attend(qkv, 2) is not None
    assert attend(qkv.double(), 2) is None
    assert attend(qkv.bfloat16(), 2) is None
    assert attend(qkv[:, :, ::2], 1) is None  # not contiguous
    assert attend(qkv, 4) is None  # four features a head: no whole vector
    assert attend(torch.randn(1, 129, 24), 1) is None
    with torch_only():
        assert attend(qkv, 2) is None
    with FakeTensorMode() as mode:
        assert attend(mode.from_tensor(qkv), 2) is None
    torch.set_num_threads(3)
    assert attend(qkv, 2) is None


@pytest.mark.parametrize(
    "options",
    [{"qk_norm": True}, {"relative": Relative((2, 2), 16, class_token=True)}, {}],
    ids=["norm", "relative", "plain"],
)
def test_a_block_computes_the_same_with_and_without(options, monkeypatch):
    """The forward pass, and the gradients of all its parameters; norms of queries and relative positions stay torch's."""
    torch.manual_seed(0)
    layer = Attention(32, 2, **options)
    z = torch.randn(3, 5, 32)
    results = []
    for available in (True, False):
        if not available:
            monkeypatch.setattr(attention, "functions", lambda: None)
        layer.zero_grad()
        out = layer(z)
        out.square().sum().backward()
        results.append([out, *(parameter.grad for parameter in layer.parameters())])
    assert all(close(*pair, units=64) for pair in zip(*results, strict=True))


def test_gelu_and_its_slope():
    x = torch.cat([torch.linspace(-12, 12, 4000), torch.tensor([-1e4, -90.0, 90.0, 1e4, 0.0, -0.0, 1e-30, -1e-30])])[
        : 501 * 8
    ].view(-1, 8)
    bias = torch.linspace(-1, 1, 8)
    exact = (x + bias).double().requires_grad_()
    expected = F.gelu(exact, approximate="tanh")
    expected.sum().backward()
    slope = x.clone()
    value = gelu.value_and_slope(slope, bias)
    assert (value - expected).abs().max() <= 2e-7 * x.abs().max()
    assert (slope - exact.grad).abs().max() < 3e-6
    inside = x.abs() < 20
    assert ((value - expected) / expected.abs().clamp(min=0.01))[inside].abs().max() < 1e-5
    assert gelu.value_and_slope(torch.full((1, 8), float("nan")), bias).isnan().all()


def test_where_torchs_gelu_is_taken():
    x, bias = torch.randn(3, 8), torch.zeros(8)
    assert gelu.value_and_slope(x.clone(), bias) is not None
    assert gelu.value_and_slope(torch.randn(3, 9), torch.zeros(9)) is None
    assert gelu.value_and_slope(x.double(), bias.double()) is None
    torch.set_num_threads(3)
    assert gelu.value_and_slope(x.clone(), bias) is None


@pytest.mark.parametrize("form", ["tanh", "erf"])
def test_a_whole_block_trains_the_same(form, monkeypatch):
    torch.manual_seed(0)
    block = Block(width=32, heads=2, mlp=64, gelu=form, dropout=0.0, norm_eps=1e-6)
    z = torch.randn(4, 17, 32)
    results = []
    for available in (True, False):
        if not available:
            monkeypatch.setattr(attention, "functions", lambda: None)
            monkeypatch.setattr(models_gelu.native, "value_and_slope", lambda x, bias: None)
        block.zero_grad()
        out = block(z)
        out.square().sum().backward()
        results.append([out, *(parameter.grad for parameter in block.parameters())])
    assert all(close(*pair, units=64) for pair in zip(*results, strict=True))


def test_the_switch(monkeypatch, tmp_path):
    from data.native.library import library

    assert library(attention.LIBRARY) is not None
    assert library(tmp_path / "absent") is None
    (tmp_path / "broken.x.so").write_bytes(b"no library")
    assert library(tmp_path / "broken") is None
    monkeypatch.setenv("VIT_NATIVE", "0")
    assert library(attention.LIBRARY) is None
    monkeypatch.setenv("VIT_NATIVE", "no")
    with pytest.raises(ValueError, match="VIT_NATIVE must be 1, or 0 for none of the libraries in C, not 'no'"):
        library(attention.LIBRARY)
