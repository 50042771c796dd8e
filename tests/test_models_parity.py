"""Our models and the authors' (reference/official.py) give the same features and logits from the same parameters."""

import numpy as np
import pytest
import torch
from reference import official

from vit.models import create_model
from vit.models.position import resize_positions

SMALL = dict(num_classes=7, depth=3, width=32, heads=4, mlp=48)
VITS = {
    "token": dict(image_size=32, patch=8),
    "gap": dict(image_size=32, patch=8, pool="gap"),
    "map": dict(image_size=32, patch=8, pool="map"),
    "the head of pre-training": dict(image_size=32, patch=8, head_hidden=24),
    "sincos2d": dict(image_size=32, patch=8, position="sincos2d", pool="gap"),
    "sincos2d with a class token": dict(image_size=(24, 40), patch=8, position="sincos2d"),
    "an oblong image": dict(image_size=(24, 40), patch=8, pool="map", head_hidden=24),
    "a size that leaves a rest": dict(image_size=(37, 45), patch=8),
}
HYBRIDS = {
    "root only": dict(image_size=64, units=(), patch=8),
    "stride 16": dict(image_size=64, units=(1, 2, 1)),
    "stride 32, head of pre-training": dict(image_size=64, units=(1, 1, 1, 1), head_hidden=24),
    "odd": dict(image_size=65, units=(1, 1, 2), stem_width=0.5),
    "odd feature maps": dict(image_size=(70, 92), units=(1, 2, 1), stem_width=0.5, pool="gap"),
    "oblong and odd": dict(image_size=(47, 78), units=(2, 1), stem_width=0.5),
}
RESNETS = {
    "four stages": dict(image_size=64, units=(1, 2, 1, 1), width_factor=0.5),
    "wider": dict(image_size=32, units=(2, 1), width_factor=2),
    "odd": dict(image_size=(65, 47), units=(1, 1, 2), width_factor=0.5),
    "another padding of the root": dict(image_size=(64, 47), units=(1, 1), width_factor=0.5, root_padding="inf"),
}
CASES = {
    **{f"ViT: {case}": ("ViT-B/16", SMALL | options) for case, options in VITS.items()},
    **{f"hybrid: {case}": ("R50+ViT-B/16", SMALL | options) for case, options in HYBRIDS.items()},
    **{f"BiT: {case}": ("ResNet50x1", dict(num_classes=7) | options) for case, options in RESNETS.items()},
}


def with_random_parameters(model):
    """In place: every parameter drawn so that signals stay of order 1 and no term is zero, as it is at the start."""
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        scale = 0.3 if parameter.ndim == 1 else parameter[0].numel() ** -0.5
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        parameter.data.copy_(centre + scale * noise)
    return model.eval()


def numpy(tensor):
    return tensor.detach().double().numpy()


def dense(linear):
    return {"kernel": numpy(linear.weight).T, "bias": numpy(linear.bias)}


def norm(layer):
    return {"scale": numpy(layer.weight), "bias": numpy(layer.bias)}


def conv(layer):
    return numpy(layer.weight).transpose(2, 3, 1, 0)


def under(prefix, part):
    return {f"{prefix}/{key}": value for key, value in part.items()}


def attention(parts, out, heads):
    """`parts` are weight and bias of query, key and value."""
    archive = {}
    for name, (weight, bias) in parts.items():
        archive[f"{name}/kernel"] = numpy(weight).T.reshape(weight.shape[1], heads, -1)
        archive[f"{name}/bias"] = numpy(bias).reshape(heads, -1)
    kernel = numpy(out.weight).T
    return archive | {"out/kernel": kernel.reshape(heads, -1, kernel.shape[1]), "out/bias": numpy(out.bias)}


def packed(linear, *names):
    weights, biases = linear.weight.chunk(len(names)), linear.bias.chunk(len(names))
    return {name: (weight, bias) for name, weight, bias in zip(names, weights, biases, strict=True)}


def mlp(layer):
    return under("Dense_0", dense(layer.dense1)) | under("Dense_1", dense(layer.dense2))


def block(layer):
    parts = packed(layer.attention.qkv, "query", "key", "value")
    return (
        under("LayerNorm_0", norm(layer.norm1))
        | under("MultiHeadDotProductAttention_1", attention(parts, layer.attention.out, layer.attention.heads))
        | under("LayerNorm_2", norm(layer.norm2))
        | under("MlpBlock_3", mlp(layer.mlp))
    )


def attention_pool(pool):
    parts = packed(pool.query, "query") | packed(pool.key_value, "key", "value")
    return (
        {"probe": numpy(pool.probe)}
        | under("MultiHeadDotProductAttention_0", attention(parts, pool.out, pool.heads))
        | under("LayerNorm_0", norm(pool.norm))
        | under("MlpBlock_0", mlp(pool.mlp))
    )


def stem(layer):
    archive = {"conv_root/kernel": conv(layer.root)} | under("gn_root", norm(layer.norm))
    for s, stage in enumerate(layer.stages, 1):
        for u, unit in enumerate(stage, 1):
            part = {f"conv{i}/kernel": conv(getattr(unit, f"conv{i}")) for i in (1, 2, 3)}
            for i in (1, 2, 3):
                part |= under(f"gn{i}", norm(getattr(unit, f"norm{i}")))
            if unit.project is not None:
                part |= {"conv_proj/kernel": conv(unit.project[0])} | under("gn_proj", norm(unit.project[1]))
            archive |= under(f"block{s}/unit{u}", part)
    return archive


def vit_archive(model):
    weight = model.embedding.weight.unflatten(1, (-1, model.patch, model.patch))
    archive = {"embedding/kernel": numpy(weight).transpose(2, 3, 1, 0), "embedding/bias": numpy(model.embedding.bias)}
    if hasattr(model, "stem"):
        archive |= stem(model.stem)
    if model.class_token is not None:
        archive["cls"] = numpy(model.class_token)
    for name, table in model.position.named_parameters():
        assert name == "tables.0.table"
        archive["Transformer/posembed_input/pos_embedding"] = numpy(table)
    for i, layer in enumerate(model.blocks):
        archive |= under(f"Transformer/encoderblock_{i}", block(layer))
    archive |= under("Transformer/encoder_norm", norm(model.norm))
    if hasattr(model.pool, "probe"):
        archive |= under("MAPHead_0", attention_pool(model.pool))
    if len(list(model.hidden.parameters())):
        archive |= under("pre_logits", dense(model.hidden[0]))
    return archive | under("head", dense(model.head))


def bit_part(normalisation, convolution):
    group_norm = {"gamma": numpy(normalisation.weight), "beta": numpy(normalisation.bias)}
    return under("group_norm", group_norm) | {"standardized_conv2d/kernel": conv(convolution)}


def bit_archive(model):
    archive = {"root_block/standardized_conv2d/kernel": conv(model.root)}
    for s, stage in enumerate(model.stages, 1):
        for u, unit in enumerate(stage, 1):
            parts = {"a": (unit.norm1, unit.conv1), "b": (unit.norm2, unit.conv2), "c": (unit.norm3, unit.conv3)}
            for part, layers in parts.items():
                archive |= under(f"block{s}/unit{u:02d}/{part}", bit_part(*layers))
            if unit.project is not None:
                archive[f"block{s}/unit{u:02d}/a/proj/standardized_conv2d/kernel"] = conv(unit.project)
    archive |= {"group_norm/gamma": numpy(model.norm.weight), "group_norm/beta": numpy(model.norm.bias)}
    head = {"kernel": numpy(model.head.weight).T[None, None], "bias": numpy(model.head.bias)}
    return under("resnet", archive | under("head/conv2d", head))


def official_outputs(model, images, options):
    images = numpy(images).transpose(0, 2, 3, 1)
    if "width_factor" in options:
        padding = -np.inf if options.get("root_padding") == "inf" else 0.0
        return official.bit(bit_archive(model), images, pool_padding=padding)
    return official.vit(vit_archive(model), images, classifier=options.get("pool", "token"))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
@pytest.mark.parametrize("case", CASES)
def test_features_and_logits_are_the_authors(case, dtype, tolerance):
    name, options = CASES[case]
    model = with_random_parameters(create_model(name, **options)).to(dtype)
    size = options["image_size"]
    shape = (size, size) if isinstance(size, int) else size
    images = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(2), dtype=dtype) * 2 - 1
    features, logits = official_outputs(model, images, options)
    with torch.no_grad():
        assert np.abs(numpy(model.features(images)) - features).max() < tolerance
        assert np.abs(numpy(model(images)) - logits).max() < tolerance
    assert logits.std() > 0.1  # else the tolerance would say nothing


@pytest.mark.parametrize("class_rows", [0, 1])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((14, 14), (24, 24)),
        ((7, 7), (12, 12)),
        ((24, 24), (14, 14)),
        ((28, 28), (48, 48)),
        ((3, 5), (4, 2)),
        ((2, 3), (1, 7)),
    ],
)
def test_positions_are_resized_as_the_authors_do(old, new, class_rows):
    table = torch.randn(1, class_rows + old[0] * old[1], 6, generator=torch.Generator().manual_seed(3))
    expected = official.resize_positions(numpy(table), old, new)
    assert np.abs(numpy(resize_positions(table, old, new)) - expected).max() < 1e-6
    assert np.abs(numpy(resize_positions(table.double(), old, new)) - expected).max() < 1e-12
