"""Before training the parameters follow the distributions of the authors' code: range, mean and deviation."""

import math

import pytest
import torch

from vit.models import create_model


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    options = dict(units=(2, 1), width=192, depth=2, heads=3, mlp=384, head_hidden=160)
    return create_model("R50+ViT-B/16", image_size=128, num_classes=10, **options)


def moments(tensor):
    return tensor.mean().item(), tensor.std().item(), tensor.abs().max().item()


def assert_uniform(tensor, bound):
    mean, std, largest = moments(tensor)
    assert abs(mean) < 4 * std / math.sqrt(tensor.numel())
    assert std == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert 0.98 * bound < largest <= bound


def assert_lecun_normal(tensor):
    fan_in = tensor[0].numel()
    mean, std, largest = moments(tensor)
    assert abs(mean) < 4 * std / math.sqrt(tensor.numel())
    assert std == pytest.approx(fan_in**-0.5, rel=0.03)
    assert 1.9 / 0.87962566 < largest * fan_in**0.5 <= 2.0001 / 0.87962566


def assert_normal(tensor, expected):
    mean, std, largest = moments(tensor)
    assert abs(mean) < 4 * expected / math.sqrt(tensor.numel())
    assert std == pytest.approx(expected, rel=0.15)
    assert largest > 2 * expected


def test_attention_kernels_are_xavier_uniform_each_by_itself(model):
    for block in model.blocks:
        for kernel in (*block.attention.qkv.weight.chunk(3), block.attention.out.weight):
            assert_uniform(kernel, math.sqrt(6 / (192 + 192)))
        assert not block.attention.qkv.bias.any()
        assert not block.attention.out.bias.any()


def test_mlp_kernels_are_xavier_uniform_and_their_biases_tiny(model):
    for block in model.blocks:
        for linear in (block.mlp.dense1, block.mlp.dense2):
            assert_uniform(linear.weight, math.sqrt(6 / (192 + 384)))
            assert_normal(linear.bias, 1e-6)


def test_patch_embedding_and_hidden_layer_are_lecun_normal(model):
    for linear in (model.embedding, model.hidden[0]):
        assert_lecun_normal(linear.weight)
        assert not linear.bias.any()


def test_positions_are_small_and_the_class_token_is_zero(model):
    assert_normal(model.position.tables[0].table, 0.02)
    assert not model.class_token.any()


def test_the_head_is_zero(model):
    assert not model.head.weight.any()
    assert not model.head.bias.any()


def test_convolutions_are_lecun_normal_in_hybrids_and_in_bit(model):
    bit = create_model("ResNet50x1", units=(1, 1))
    for convolution in (*(m for part in (model.stem, bit) for m in part.modules() if isinstance(m, torch.nn.Conv2d)),):
        assert_lecun_normal(convolution.weight)


def test_units_of_the_hybrid_start_as_their_shortcut_and_those_of_bit_do_not(model):
    bit = create_model("ResNet50x1", units=(1, 1))
    assert all(not unit.norm3.weight.any() for stage in model.stem.stages for unit in stage)
    assert all((unit.norm3.weight == 1).all() for stage in bit.stages for unit in stage)


def test_all_other_scales_are_one_and_shifts_zero(model):
    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.LayerNorm | torch.nn.GroupNorm) and not name.endswith("norm3"):
            assert (layer.weight == 1).all()
            assert not layer.bias.any()


def test_attention_pooling_starts_as_in_big_vision():
    pool = create_model("ViT-S/16", depth=1, pool="map").pool
    for kernel in (pool.query.weight, *pool.key_value.weight.chunk(2), pool.out.weight):
        assert_uniform(kernel, math.sqrt(6 / (384 + 384)))
    assert_uniform(pool.probe, math.sqrt(6 / (1 + 384)))


@pytest.mark.parametrize("position", ["2d", "relative"])
def test_other_learned_positions_start_like_the_1d_ones(position):
    model = create_model("ViT-S/16", depth=1, position=position)
    tables = [p for name, p in model.named_parameters() if "position" in name or "relative" in name]
    for table in tables:
        assert_normal(table, 0.02)
    assert len(tables) == {"2d": 3, "relative": 1}[position]


def test_one_seed_is_one_model():
    def made():
        torch.manual_seed(7)
        return create_model("ViT-B/16", image_size=32, width=32, depth=1, heads=2, mlp=32).state_dict()

    assert all(torch.equal(a, b) for a, b in zip(made().values(), made().values(), strict=True))
