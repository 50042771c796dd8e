"""torchvision's ViT, an implementation that owes nothing to this one: its state dict gives the same logits here."""

import re

import pytest
import torch
from torchvision.models import VisionTransformer
from weight_kinds import SIZES

from vit.models import create_model
from vit.weights import load_weights

THEIR_SIZES = dict(hidden_dim=32, num_heads=4, mlp_dim=48, num_layers=2)


def published(state):
    """The files of its model zoo have older names of the MLP, which its own class translates."""
    names = {".mlp.0.": ".mlp.linear_1.", ".mlp.3.": ".mlp.linear_2."}
    return {re.sub(r"\.mlp\.[03]\.", lambda old: names[old[0]], name): tensor for name, tensor in state.items()}


@pytest.mark.parametrize("written", [dict, published], ids=["names now", "published names"])
@pytest.mark.parametrize("hidden", [None, 16])
def test_the_same_logits(hidden, written, tmp_path):
    torch.manual_seed(0)
    theirs = VisionTransformer(image_size=32, patch_size=8, num_classes=7, representation_size=hidden, **THEIR_SIZES)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    torch.save(written(theirs.state_dict()), tmp_path / "vit.pth")
    stated = dict(image_size=32, patch=8, num_classes=7, gelu="erf", **SIZES)
    ours = create_model("ViT-B/16", head_hidden=hidden, **stated)
    report = load_weights(ours, tmp_path / "vit.pth", head="keep")
    assert str(report).startswith(
        f"vit.pth (a torchvision ViT state dict): loaded {len(ours.state_dict())} parameters; assumed"
    )
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = theirs.eval()(images)
        torch.testing.assert_close(ours.eval()(images), expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.1
