"""Every option of every family trains: two steps, after which each parameter has received a gradient."""

import pytest
import torch
import torch._inductor.config
import torch.nn.functional as F

from vit.models import create_model
from vit.models.axial import AxialConv
from vit.models.encoder_block import MLP

VIT = dict(image_size=32, patch=16, width=32, depth=2, heads=2, mlp=32)
HYBRID = dict(image_size=32, units=(1, 1), stem_width=0.5, width=32, depth=1, heads=2, mlp=32)
RESNET = dict(image_size=32, units=(1, 1), width_factor=0.5)
ADDED = ("1d", "2d", "sincos2d")
OPTIONS = {
    "ViT-B/16": [
        VIT,
        *(VIT | dict(position=position, pool=pool) for position in ("none", "relative") for pool in ("token", "gap")),
        *(VIT | dict(position=p, position_at=at) for p in ADDED for at in ("stem", "every", "shared")),
        *(VIT | dict(pool=pool, head_hidden=24) for pool in ("token", "gap", "map")),
        VIT | dict(registers=2, drop_path=0.1, layer_scale=0.5, qk_norm=True, pool="gap", pool_norm="after"),
        VIT | dict(dropout=0.1, gelu="erf", norm_eps=1e-5, image_size=(33, 50)),
        VIT | dict(registers=2, position="relative", qk_norm=True),
    ],
    "R50+ViT-B/16": [
        HYBRID,
        HYBRID | dict(units=(), patch=2),
        HYBRID | dict(registers=2, drop_path=0.1, layer_scale=0.5, qk_norm=True),
        HYBRID | dict(image_size=(33, 50), position="2d", position_at="every", pool="map", head_hidden=24, dropout=0.1),
    ],
    "ResNet50x1": [RESNET, RESNET | dict(image_size=(33, 50), width_factor=1, root_padding="inf")],
    "Axial-ViT-B/16": [
        *(VIT | dict(position=position) for position in ("none", "1d", "2d", "relative", "sincos2d")),
        VIT | dict(drop_path=0.1, layer_scale=0.5, qk_norm=True, pool_norm="after"),
        VIT | dict(position_at="every", pool="map", head_hidden=24, dropout=0.1, image_size=(33, 50)),
    ],
    "AxialResNet50": [RESNET, RESNET | dict(heads=4, image_size=(33, 50))],
}
CASES = [(name, options) for name, cases in OPTIONS.items() for options in cases]


def build(name, options):
    torch.manual_seed(0)
    return create_model(name, num_classes=5, **options).train()


def two_steps(model, step, image_size, dtype=torch.float32, mixed=False):
    """Losses before, between and after them, and the parameters that no gradient reached: the head starts at zero and
    lets gradients pass after one step; the hybrid's last norms start at zero too and let them pass after two."""
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    x, y = torch.randn(4, 3, height, width, dtype=dtype), torch.arange(4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    missing, losses = {name for name, _ in model.named_parameters()}, []
    for _ in range(3):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = F.cross_entropy(step(x).float(), y)
        loss.backward()
        missing -= {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
        optimizer.step()
        losses.append(loss.item())
    return losses, missing


def assert_trained(losses, missing):
    assert not missing
    assert losses[0] == pytest.approx(1.609, abs=0.001)  # the log of 5 classes: a zero head starts there
    assert losses[2] < losses[0]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_in_float32(name, options):
    model = build(name, options)
    assert_trained(*two_steps(model, model, options["image_size"]))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_in_mixed_bfloat16(name, options):
    model = build(name, options)
    assert_trained(*two_steps(model, model, options["image_size"], mixed=True))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_in_true_bfloat16(name, options):
    model = build(name, options).bfloat16()
    assert_trained(*two_steps(model, model, options["image_size"], dtype=torch.bfloat16))


@pytest.mark.parametrize("name", OPTIONS)
def test_channels_last_changes_no_loss(name):
    options = OPTIONS[name][0]
    plain, last = build(name, options), build(name, options).to(memory_format=torch.channels_last)

    def step(x):
        return last(x.to(memory_format=torch.channels_last))

    torch.manual_seed(1)
    expected, _ = two_steps(plain, plain, options["image_size"])
    torch.manual_seed(1)
    losses, missing = two_steps(last, step, options["image_size"])
    assert losses == pytest.approx(expected, rel=1e-4)
    assert not missing


@pytest.mark.parametrize("name", OPTIONS)
def test_residuals_keep_the_precision_of_the_parameters_under_autocast(name):
    if "ViT" in name:
        model = build(name, OPTIONS[name][0])
        with torch.autocast("cpu", torch.bfloat16):
            tokens = model.tokens(torch.randn(2, 3, 32, 32))
            assert tokens.dtype == torch.float32
            assert model.blocks[0](model.initial_sequence(tokens)).dtype == torch.float32


LEAST = {name: dict(depth=1) if name in ("ViT-B/16", "Axial-ViT-B/16") else dict(units=(1,)) for name in OPTIONS}


@pytest.mark.slow
@pytest.mark.parametrize(("mixed", "tolerance"), [(False, 1e-4), (True, 1e-2)])
@pytest.mark.parametrize("name", OPTIONS)
def test_compiled_models_lose_the_same(name, mixed, tolerance):
    """One graph forward and one backward, whatever the compiler makes of them."""
    options = OPTIONS[name][-1] | (dict(dropout=0.0) if "ViT" in name else {}) | LEAST[name]
    torch.manual_seed(1)
    expected, _ = two_steps(model := build(name, options), model, options["image_size"], mixed=mixed)
    torch.manual_seed(1)
    compiled = torch.compile(model := build(name, options), fullgraph=True, backend="aot_eager")
    losses, missing = two_steps(model, compiled, options["image_size"], mixed=mixed)
    assert losses == pytest.approx(expected, rel=tolerance)
    assert not missing


@pytest.mark.parametrize("kind", [MLP, AxialConv])
def test_a_layer_compiled_to_machine_code_has_the_same_gradients(kind):
    """Two small ones, as machine code takes ten times as long as a graph; the average of odd sizes is known for errors."""
    torch.manual_seed(0)
    if kind is MLP:
        layer, x = MLP(width=16, hidden=24, gelu="tanh"), torch.randn(2, 5, 16, requires_grad=True)
    else:
        layer, x = AxialConv(16, heads=2, stride=2, size=(5, 4)), torch.randn(2, 16, 9, 7, requires_grad=True)
        layer.row = layer.column = torch.nn.Identity()
    inputs, results = [x, *layer.parameters()], []
    with torch._inductor.config.patch(compile_threads=1):  # else it starts a pool of processes that import torch
        for step in (layer, torch.compile(layer, fullgraph=True)):
            y = step(x)
            results.append((y, *torch.autograd.grad(y.square().sum(), inputs)))
    for expected, compiled in zip(*results, strict=True):
        torch.testing.assert_close(compiled, expected, rtol=1e-4, atol=1e-5)
