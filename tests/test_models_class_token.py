"""Of the last block only what the class token needs is computed: the same logits and gradients, to rounding."""

import pytest
import torch

from vit.models import create_model
from vit.models.dropout import drawing_layers, give_keys, image_keys
from vit.models.encoder_block import Block
from vit.models.flops import forward_flops

SMALL = {"image_size": 32, "num_classes": 10, "patch": 8, "depth": 3, "width": 32, "heads": 4, "mlp": 64}
HYBRID = {
    "image_size": 32,
    "num_classes": 10,
    "units": [1, 1],
    "stem_width": 0.5,
    "depth": 2,
    "width": 32,
    "heads": 4,
    "mlp": 64,
}


def logits_and_gradients(model, images, whole):
    """With dropout drawn for each image, if there is any."""
    model.whole_sequence = whole
    layers = drawing_layers(model)
    give_keys(layers, image_keys(seed=1, step=2, first=0, images=len(images), layers=len(layers)))
    model.zero_grad()
    logits = model(images)
    logits.square().sum().backward()
    return [logits, *(parameter.grad for parameter in model.parameters())]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dropout": 0.3},
        {"registers": 2},
        {"qk_norm": True},
        {"layer_scale": 0.1, "drop_path": 0.0},
        {"position_at": "every"},
        HYBRID,
    ],
    ids=["plain", "dropout", "registers", "norm", "scale", "positions", "hybrid"],
)
def test_logits_and_gradients_are_those_of_the_whole_sequence(options):
    torch.manual_seed(0)
    name = "R50+ViT-B/16" if options is HYBRID else "ViT-B/16"
    model = create_model(name, **(HYBRID if options is HYBRID else SMALL | options)).double()
    torch.nn.init.normal_(model.head.weight)
    images = torch.randn(3, 3, 32, 32, dtype=torch.float64)
    calls = []
    model.blocks[-1].mlp.register_forward_pre_hook(lambda module, inputs: calls.append(inputs[0].shape[1]))
    part, whole = (logits_and_gradients(model, images, whole) for whole in (False, True))
    assert calls[0] == 1 < calls[1]
    for found, expected in zip(part, whole, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("options", [{"pool": "gap"}, {"pool": "map"}, {"position": "relative"}], ids=str)
def test_other_models_compute_the_whole_sequence(options):
    model = create_model("ViT-B/16", **SMALL | options)
    calls = []
    model.blocks[-1].mlp.register_forward_pre_hook(lambda module, inputs: calls.append(inputs[0].shape[1]))
    model(torch.randn(2, 3, 32, 32))
    assert calls[0] >= 16


def test_a_block_of_ones_own_gets_the_whole_sequence():
    class Doubled(Block):
        def forward(self, z):
            return 2 * super().forward(z)

    model = create_model("ViT-B/16", **SMALL)
    block = Doubled(width=32, heads=4, mlp=64, gelu="tanh", dropout=0.0, norm_eps=1e-6)
    assert not block.can_be_partial
    model.blocks[-1] = block
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_flops_are_those_of_the_whole_sequence():
    """As the paper's figures count them, whatever is computed."""
    model = create_model("ViT-B/16", **SMALL)
    tokens, block = 17, 3 * 32 * 32 + 32 * 32 + 2 * 32 * 64
    dense = 16 * 3 * 64 * 32 + tokens * 3 * block + 32 * 10
    assert forward_flops(model, torch.empty(1, 3, 32, 32)) == 2 * (dense + 3 * 2 * tokens * tokens * 32)
    assert not model.whole_sequence
