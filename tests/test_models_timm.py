"""timm, an implementation that owes nothing to this one, gives the same logits once its conventions are chosen."""

from functools import partial

import pytest
import timm
import torch
from timm.layers import StdConv2d
from timm.models.resnetv2 import ResNetV2
from timm.models.vision_transformer_hybrid import HybridEmbed
from torch import nn

from vit.models import create_model

SMALL = dict(num_classes=7, depth=3, width=48, heads=4, mlp=96)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def randomise(model):
    """Heads, biases and some scales start at zero or one, where mistakes could hide."""
    for name, parameter in model.named_parameters():
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        nn.init.normal_(parameter, centre, 0.2 if parameter.ndim == 1 else parameter[0].numel() ** -0.5)
    return model.eval()


def timm_blocks(model):
    """Our encoder under timm's names."""
    names = {"attention.out": "attn.proj", "attention.": "attn.", "dense1": "fc1", "dense2": "fc2"}
    state = {}
    for key, value in model.state_dict().items():
        if key.startswith(("blocks.", "norm.", "head.")):
            for ours, theirs in names.items():
                key = key.replace(ours, theirs)
            state[key] = value
    return state


def timm_vit(model):
    state = timm_blocks(model)
    state["patch_embed.proj.weight"] = model.embedding.weight.unflatten(1, (-1, model.patch, model.patch))
    state["patch_embed.proj.bias"] = model.embedding.bias
    state["pos_embed"] = model.position.tables[0].table
    if model.class_token is not None:
        state["cls_token"] = model.class_token
    return state


def timm_unit(unit, norms):
    state = {f"conv{i}.weight": getattr(unit, f"conv{i}").weight for i in (1, 2, 3)}
    for i in (1, 2, 3):
        state |= {f"norm{i}.{key}": value for key, value in getattr(unit, f"norm{i}").state_dict().items()}
    if unit.project is not None:
        convolution = unit.project[0] if norms else unit.project
        state["downsample.conv.weight"] = convolution.weight
    if norms and unit.project is not None:
        state |= {f"downsample.norm.{key}": value for key, value in unit.project[1].state_dict().items()}
    return state


def timm_stages(stages, norms):
    return {
        f"stages.{s}.blocks.{u}.{key}": value
        for s, stage in enumerate(stages)
        for u, unit in enumerate(stage)
        for key, value in timm_unit(unit, norms).items()
    }


def assert_same(ours, theirs, size):
    images = torch.rand(2, 3, size, size) * 2 - 1
    with torch.no_grad():
        a, b = ours(images), theirs.eval()(images)
    assert b.std() > 0.1
    torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("gelu", "approximate"), [("erf", "none"), ("tanh", "tanh")])
@pytest.mark.parametrize(("pool", "theirs"), [("token", "token"), ("gap", "avg")])
def test_vit(pool, theirs, gelu, approximate):
    ours = randomise(create_model("ViT-B/16", image_size=32, patch=8, pool=pool, gelu=gelu, norm_eps=1e-5, **SMALL))
    theirs = timm.models.VisionTransformer(
        img_size=32, patch_size=8, num_classes=7, depth=3, embed_dim=48, num_heads=4, mlp_ratio=2, global_pool=theirs,
        class_token=pool == "token", fc_norm=False, act_layer=partial(nn.GELU, approximate=approximate),
        norm_layer=partial(nn.LayerNorm, eps=1e-5),
    )  # fmt: skip
    theirs.load_state_dict(timm_vit(ours))
    assert_same(ours, theirs, 32)


def test_bit():
    ours = randomise(create_model("ResNet50x1", num_classes=7, units=(1, 2, 1, 1), width_factor=0.5))
    theirs = ResNetV2(
        layers=(1, 2, 1, 1), num_classes=7, width_factor=0.5, stem_type="fixed",
        conv_layer=partial(StdConv2d, eps=1e-10),
    )  # fmt: skip
    state = timm_stages(ours.stages, norms=False) | {"stem.conv.weight": ours.root.weight}
    state |= {f"norm.{key}": value for key, value in ours.norm.state_dict().items()}
    state |= {"head.fc.weight": ours.head.weight[:, :, None, None], "head.fc.bias": ours.head.bias}
    theirs.load_state_dict(state)
    assert_same(ours, theirs, 64)


@pytest.mark.parametrize("size", [64, 65])
def test_hybrid(size):
    """timm divides kernels by sqrt(var + 1e-8) instead of std + 1e-5: kernels of a large scale make both the same."""
    ours = randomise(create_model("R50+ViT-B/16", image_size=size, units=(1, 2, 1), gelu="erf", **SMALL))
    for parameter in ours.stem.parameters():
        parameter.data.mul_(1000 if parameter.ndim == 4 else 1)
    stem = ResNetV2(
        layers=(1, 2, 1), num_classes=0, global_pool="", preact=False, stem_type="same",
        conv_layer=timm.layers.StdConv2dSame,
    )  # fmt: skip
    theirs = timm.models.VisionTransformer(
        img_size=size, num_classes=7, depth=3, embed_dim=48, num_heads=4, mlp_ratio=2, patch_size=1,
        embed_layer=partial(HybridEmbed, backbone=stem),
    )  # fmt: skip
    for layer in stem.modules():
        if isinstance(layer, nn.GroupNorm):
            layer.eps = 1e-6
    state = timm_stages(ours.stem.stages, norms=True) | {"stem.conv.weight": ours.stem.root.weight}
    state |= {f"stem.norm.{key}": value for key, value in ours.stem.norm.state_dict().items()}
    state = timm_vit(ours) | {f"patch_embed.backbone.{key}": value for key, value in state.items()}
    theirs.load_state_dict(state)
    assert_same(ours, theirs, size)
