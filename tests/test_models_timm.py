"""timm, an implementation that owes nothing to this one, loads our files strictly and computes the same logits, and we
load its files, once its conventions are chosen: GELU, epsilons, standardisation."""

from functools import partial

import pytest
import timm
import torch
from safetensors.torch import load_file
from timm.layers import StdConv2d
from timm.models.resnetv2 import ResNetV2
from timm.models.vision_transformer_hybrid import HybridEmbed
from torch import nn

from vit.models import create_model
from vit.weights import load_weights, save_weights

SMALL = dict(num_classes=7, depth=3, width=48, heads=4, mlp=96)
THEIR_SMALL = dict(num_classes=7, depth=3, embed_dim=48, num_heads=4, mlp_ratio=2)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def randomise(model):
    """Heads, biases and some scales start at zero or one, where mistakes could hide."""
    for name, parameter in model.named_parameters():
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        nn.init.normal_(parameter, centre, 0.2 if parameter.ndim == 1 else parameter[0].numel() ** -0.5)
    return model.eval()


def logits(model, size):
    images = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        return model.eval()(images)


def assert_same(ours, theirs, size, folder):
    """Both ways: our file in timm's model, then timm's own file, of other numbers, in ours."""
    save_weights(ours, folder / "ours.safetensors", format="timm")
    theirs.load_state_dict(load_file(folder / "ours.safetensors"), strict=True)
    expected = logits(theirs, size)
    assert expected.std() > 0.1
    torch.testing.assert_close(logits(ours, size), expected, rtol=0, atol=1e-5)
    for parameter in theirs.parameters():
        parameter.data.mul_(1.1)
    torch.save(theirs.state_dict(), folder / "theirs.pth")
    load_weights(ours, folder / "theirs.pth", head="keep")
    torch.testing.assert_close(logits(ours, size), logits(theirs, size), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("gelu", "approximate"), [("erf", "none"), ("tanh", "tanh")])
@pytest.mark.parametrize(("pool", "theirs"), [("token", "token"), ("gap", "avg"), ("map", "map")])
def test_vit(pool, theirs, gelu, approximate, tmp_path):
    ours = randomise(create_model("ViT-B/16", image_size=32, patch=8, pool=pool, gelu=gelu, norm_eps=1e-5, **SMALL))
    theirs = timm.models.VisionTransformer(
        img_size=32, patch_size=8, global_pool=theirs, class_token=pool == "token", fc_norm=False,
        act_layer=partial(nn.GELU, approximate=approximate), norm_layer=partial(nn.LayerNorm, eps=1e-5), **THEIR_SMALL,
    )  # fmt: skip
    assert_same(ours, theirs, 32, tmp_path)


def test_fixed_positions_are_stored_for_timm(tmp_path):
    ours = randomise(create_model("ViT-B/16", image_size=32, patch=8, position="sincos2d", gelu="erf", **SMALL))
    theirs = timm.models.VisionTransformer(img_size=32, patch_size=8, **THEIR_SMALL)
    save_weights(ours, tmp_path / "ours.safetensors", format="timm")
    theirs.load_state_dict(load_file(tmp_path / "ours.safetensors"), strict=True)
    torch.testing.assert_close(logits(ours, 32), logits(theirs, 32), rtol=0, atol=1e-5)


def test_a_class_token_without_a_position(tmp_path):
    """timm's no_embed_class: its table has no class row, and nothing in the file says so."""
    theirs = randomise(timm.models.VisionTransformer(img_size=32, patch_size=8, no_embed_class=True, **THEIR_SMALL))
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    ours = create_model("ViT-B/16", image_size=32, patch=8, gelu="erf", **SMALL)
    load_weights(ours, tmp_path / "theirs.pth", head="keep")
    torch.testing.assert_close(logits(ours, 32), logits(theirs, 32), rtol=0, atol=1e-5)


def test_bit(tmp_path):
    ours = randomise(create_model("ResNet50x1", num_classes=7, units=(1, 2, 1, 1), width_factor=0.5))
    theirs = ResNetV2(
        layers=(1, 2, 1, 1), num_classes=7, width_factor=0.5, stem_type="fixed",
        conv_layer=partial(StdConv2d, eps=1e-10),
    )  # fmt: skip
    assert_same(ours, theirs, 64, tmp_path)


@pytest.mark.parametrize("size", [64, 65])
def test_hybrid(size, tmp_path):
    """timm divides kernels by sqrt(var + 1e-8) instead of std + 1e-5: kernels of a large scale make both the same."""
    ours = randomise(create_model("R50+ViT-B/16", image_size=size, units=(1, 2, 1), gelu="erf", **SMALL))
    for parameter in ours.stem.parameters():
        parameter.data.mul_(1000 if parameter.ndim == 4 else 1)
    stem = ResNetV2(
        layers=(1, 2, 1), num_classes=0, global_pool="", preact=False, stem_type="same",
        conv_layer=timm.layers.StdConv2dSame,
    )  # fmt: skip
    theirs = timm.models.VisionTransformer(
        img_size=size, patch_size=1, embed_layer=partial(HybridEmbed, backbone=stem), **THEIR_SMALL
    )
    for layer in stem.modules():
        if isinstance(layer, nn.GroupNorm):
            layer.eps = 1e-6
    assert_same(ours, theirs, size, tmp_path)
