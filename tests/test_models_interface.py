"""What the rest of the project may rely on: public steps, attention weights, new heads and sizes, one-line errors."""

import pytest
import torch

from vit.models import create_model

VIT = dict(patch=8, width=32, depth=2, heads=4, mlp=48)
HYBRID = dict(units=(1, 1), stem_width=0.5, width=32, depth=2, heads=4, mlp=48)
SMALL = {
    "ViT-B/16": VIT,
    "R50+ViT-B/16": HYBRID,
    "Axial-ViT-B/16": VIT,
    "ResNet50x1": dict(units=(1, 1), width_factor=0.5),
    "AxialResNet50": dict(units=(1, 1), width_factor=0.5),
}
TRANSFORMERS = ("ViT-B/16", "R50+ViT-B/16", "Axial-ViT-B/16")


def small(name, image_size=32, **options):
    torch.manual_seed(0)
    model = create_model(name, image_size=image_size, num_classes=5, **SMALL[name] | options).eval()
    torch.nn.init.normal_(model.head.weight)  # it starts at zero
    return model


def images(height=32, width=None):
    return torch.rand(2, 3, height, width or height, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(
    ("name", "options", "tokens", "sequence"),
    [
        ("ViT-B/16", dict(), 16, 17),
        ("ViT-B/16", dict(pool="gap"), 16, 16),
        ("ViT-B/16", dict(pool="map"), 16, 16),
        ("R50+ViT-B/16", dict(), 16, 17),
        ("R50+ViT-B/16", dict(units=(1,)), 64, 65),
        ("R50+ViT-B/16", dict(registers=2), 16, 19),
        ("ViT-B/16", dict(registers=2, pool="gap"), 16, 18),
        ("Axial-ViT-B/16", dict(), 16, 16),
    ],
)
def test_tokens_then_encode_then_features_then_forward(name, options, tokens, sequence):
    model, x = small(name, head_hidden=24, **options), images()
    assert model.tokens(x).shape == (2, tokens, 32)
    encoded = model.encode(model.tokens(x))
    assert encoded.shape == (2, sequence, 32)
    torch.testing.assert_close(encoded, model.norm(encoded), rtol=0, atol=1e-4)  # the last norm is behind it
    assert model.features(x).shape == (2, 24)
    assert model.features(x).abs().max() < 1  # behind the tanh
    torch.testing.assert_close(model(x), model.head(model.features(x)))


@pytest.mark.parametrize("name", ["ResNet50x1", "AxialResNet50"])
def test_resnets_have_features_and_forward(name):
    model = small(name)
    assert model.features(images()).shape == (2, 4 * 64)
    torch.testing.assert_close(model(images()), model.head(model.features(images())))


def test_the_hidden_layer_of_the_head_may_be_as_wide_as_the_model():
    assert small("ViT-B/16", head_hidden="width").features(images()).shape == (2, 32)


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        (dict(position="1d"), 17),
        (dict(position="relative"), 17),
        (dict(registers=3), 20),
        (dict(registers=3, position="relative", qk_norm=True, pool="gap", layer_scale=0.5), 19),
    ],
)
def test_attention_weights_are_those_of_the_fused_path(options, tokens):
    model = small("ViT-B/16", **options)
    weights = list(model.attention_weights(images()))
    assert [tuple(layer.shape) for layer in weights] == 2 * [(2, 4, tokens, tokens)]
    torch.testing.assert_close(weights[0].sum(-1), torch.ones(2, 4, tokens))
    attention, z = model.blocks[0].attention, model.blocks[0].norm1(model.initial_sequence(model.tokens(images())))
    _, _, v = attention.project(z)
    torch.testing.assert_close(attention.out((weights[0] @ v).transpose(1, 2).flatten(2)), attention(z))


def test_axial_weights_are_those_of_rows_then_columns():
    weights = list(small("Axial-ViT-B/16", image_size=(16, 32)).attention_weights(images(16, 32)))
    assert [tuple(layer.shape) for layer in weights] == 2 * [(2, 2, 4, 4, 4), (2, 4, 4, 2, 2)]
    torch.testing.assert_close(weights[1].sum(-1), torch.ones(2, 4, 4, 2))


@pytest.mark.parametrize("name", SMALL)
def test_a_new_head_is_one_linear_layer_of_zeros(name):
    model = small(name, **dict(head_hidden=24) if name in TRANSFORMERS else {}).double()
    assert model.reset_head(9) is model
    assert torch.equal(model(images().double()), torch.zeros(2, 9, dtype=torch.float64))
    model.head.weight.data.normal_()
    assert model.features(images().double()).shape[1] == model.head.in_features
    assert not list(model.hidden.parameters()) if name in TRANSFORMERS else True


@pytest.mark.parametrize(
    ("size", "mode"),
    [
        ((48, 48), "bilinear"),
        ((24, 56), "bicubic"),
        ((32, 32), "bilinear"),
        ((32, 32), "bicubic"),
        ((37, 45), "bilinear"),
    ],
)
@pytest.mark.parametrize("name", SMALL)
def test_resized_models_take_the_new_size_and_come_back(name, size, mode):
    model = small(name)
    before = model(images())
    assert model.resize_to(size, mode) is model
    assert model(images(*size)).shape == (2, 5)
    if size == (32, 32):
        torch.testing.assert_close(model(images()), before)


@pytest.mark.parametrize("size", [1, 17, 32, 33, (32, 50), (97, 45)])
@pytest.mark.parametrize("name", SMALL)
def test_any_size_works_or_is_refused_in_one_line(name, size):
    height, width = (size, size) if isinstance(size, int) else size
    try:
        model = small(name, image_size=size)
    except ValueError as error:
        assert str(error) == f"an image of {height} x {width} holds no patch of 8 x 8"
        assert min(height, width) < 8
    else:
        assert model(images(height, width)).isfinite().all()


@pytest.mark.parametrize("name", [*TRANSFORMERS, "AxialResNet50"])
def test_an_image_of_another_size_is_refused_in_one_line(name):
    with pytest.raises(ValueError, match="resize_to") as error:
        small(name)(images(48))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ViT-X/16", dict(), "unknown model 'ViT-X/16', did you mean 'ViT-S/16'? Known: ViT-Ti/16, ViT-S/32"),
        ("ResNet50", dict(), "did you mean 'ResNet50x"),
        (
            "ViT-B/16",
            dict(widht=3),
            "unknown option of ViT-B/16 'widht', did you mean 'width'? Known: depth, drop_path",
        ),
        ("ViT-B/16", dict(units=(1, 1)), "unknown option of ViT-B/16 'units'"),
        ("ResNet50x1", dict(head_hidden=8), "Known: root_padding, units, width_factor"),
        ("R50+ViT-B/16", dict(channels=3), "unknown option of R50+ViT-B/16 'channels'"),
        ("ViT-B/16", dict(position="3d"), "unknown position '3d'. Known: none, 1d, 2d, relative"),
        ("ViT-B/16", dict(position="none", position_at="every"), "position_at is 'stem', not 'every'"),
        ("ViT-B/16", dict(position_at="evry"), "did you mean 'every'? Known: stem, every, shared"),
        ("ViT-B/16", dict(position="sincos2d", width=30, heads=2), "needs a width of 8, 12, 16 ..., not 30"),
        ("ViT-B/16", dict(position="2d", width=33, heads=3), "33 is odd"),
        ("ViT-B/16", dict(pool="cls"), "unknown pool 'cls'. Known: token, gap, map"),
        ("ViT-B/16", dict(pool_norm="last"), "unknown pool_norm 'last'. Known: before, after"),
        ("ViT-B/16", dict(pool_norm="after"), "the pool is 'gap', not 'token'"),
        ("ViT-B/16", dict(drop_path=1.5), "has to be between 0 and 1, but got 1.5"),
        ("ViT-B/16", dict(gelu="relu"), "unknown gelu 'relu'. Known: tanh, erf"),
        ("ViT-B/16", dict(heads=5), "5 heads do not divide the width 32"),
        ("ViT-B/16", dict(patch=33), "an image of 32 x 32 holds no patch of 33 x 33"),
        ("Axial-ViT-B/16", dict(pool="token"), "the pool of an axial model is 'gap' or 'map'"),
        ("Axial-ViT-B/16", dict(registers=2), "registers fit no grid: an axial model has none, not 2"),
        ("ResNet50x1", dict(width_factor=0.3), "32 groups, which do not divide 19 channels"),
        ("R50+ViT-B/16", dict(stem_width=0.25), "32 groups, which do not divide 16 channels"),
        ("AxialResNet50", dict(heads=5), "5 heads do not divide the width 32"),
        ("ResNet50x1", dict(root_padding="same"), "unknown root_padding 'same'. Known: zero, inf"),
    ],
)
def test_mistakes_get_one_line_that_names_what_is_known(name, options, message):
    with pytest.raises((ValueError, TypeError)) as error:
        create_model(name, **{"image_size": 32} | SMALL.get(name, {}) | options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
