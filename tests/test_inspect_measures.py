"""Attention distance, principal components and similarity of positions (Section 4.5) against values computed otherwise."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.testing import assert_close

from vit.inspect.distance import attention_distance
from vit.inspect.filters import principal_components, singular_values
from vit.inspect.positions import position_similarity
from vit.models import create_model

PLAIN = dict(leading=0, patch_pixels=16)


def uniform(tokens):
    return torch.full((1, 1, tokens, tokens), 1 / tokens)


def test_uniform_attention_on_two_by_two():
    """From any of the four: 0, 16 and 16 beside it, 16 sqrt(2) across."""
    distance = attention_distance(uniform(4), grid=(2, 2), **PLAIN)
    assert_close(distance, torch.tensor([[(2 * 16 + 16 * math.sqrt(2)) / 4]]))


def test_uniform_attention_on_three_by_five():
    places = [(row, column) for row in range(3) for column in range(5)]
    expected = sum(math.dist(a, b) for a in places for b in places) / 15**2 * 14
    distance = attention_distance(uniform(15), grid=(3, 5), leading=0, patch_pixels=14)
    assert distance.item() == pytest.approx(expected)


def test_attention_to_itself_has_no_distance():
    assert attention_distance(torch.eye(15)[None, None], grid=(3, 5), **PLAIN).item() == 0


def test_attention_to_one_corner():
    """All of a 2 x 3 grid look at the patch in the lower right: row 1, column 2."""
    weights = torch.zeros(1, 1, 6, 6)
    weights[..., 5] = 1
    expected = sum(math.hypot(1 - row, 2 - column) for row in range(2) for column in range(3)) / 6 * 8
    assert attention_distance(weights, grid=(2, 3), leading=0, patch_pixels=8).item() == pytest.approx(expected)


def test_class_token_and_registers_are_left_out():
    """Whatever they get and give: the weights of a query are those over the patches, to the sum 1."""
    inner = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    inner = inner / inner.sum(-1, keepdim=True)
    weights = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    weights[..., 3:, 3:] = inner * torch.linspace(0.1, 0.9, 6)[:, None]  # each query gives the patches another share
    distance = attention_distance(weights, grid=(2, 3), leading=3, patch_pixels=16)
    assert distance.shape == (2, 3)
    assert_close(distance, attention_distance(inner, grid=(2, 3), **PLAIN))


def test_a_query_that_looks_at_no_patch_is_left_out():
    weights = torch.zeros(1, 1, 3, 3)
    weights[..., 1, 0] = 1  # to the class token only
    weights[..., 2, 1] = 1  # to its neighbour
    assert attention_distance(weights, grid=(1, 2), leading=1, patch_pixels=4).item() == 4


def test_weights_of_another_grid_are_refused():
    with pytest.raises(ValueError, match="5 x 5 tokens are not of 1 tokens and a grid of 2 x 3 patches"):
        attention_distance(uniform(5), grid=(2, 3), leading=1, patch_pixels=16)


def test_principal_components_are_those_of_scikit_learn():
    kernels = np.random.default_rng(0).standard_normal((50, 3, 4, 4)).astype(np.float32)
    components, share = principal_components(torch.from_numpy(kernels), 28)
    expected = PCA(28, svd_solver="full").fit(kernels.reshape(50, -1))
    signs = np.sign((components.flatten(1).numpy() * expected.components_).sum(1))  # a component has no sign
    assert components.shape == (28, 3, 4, 4)
    assert_close(components.flatten(1).numpy() * signs[:, None], expected.components_, atol=1e-4, rtol=0)
    assert_close(share.numpy(), expected.explained_variance_ratio_, atol=1e-6, rtol=0)


def test_few_filters_have_few_components():
    components, share = principal_components(torch.randn(5, 3, 2, 2), 28)
    assert components.shape == (5, 3, 2, 2) and share.sum().item() == pytest.approx(1)


def test_equal_filters_have_no_variance():
    assert not principal_components(torch.ones(5, 3, 2, 2), 3)[1].any()


def test_singular_values_are_numpys():
    kernels = torch.randn(10, 3, 2, 2)
    expected = np.linalg.svd(kernels.reshape(10, 12).numpy(), compute_uv=False)
    assert_close(singular_values(kernels).numpy(), expected, atol=1e-5, rtol=0)


def test_similarity_is_the_cosine_of_every_pair():
    table = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    table[2] = 0
    similarity = position_similarity(torch.from_numpy(table)).numpy()
    for i in range(6):
        for j in range(6):
            length = np.linalg.norm(table[i]) * np.linalg.norm(table[j])
            assert similarity[i, j] == pytest.approx(table[i] @ table[j] / length if length else 0, abs=1e-6)


SIZES = dict(image_size=(16, 24), num_classes=3, patch=8, width=16, depth=2, heads=2, mlp=16)


def test_kernels_are_the_convolution_that_embeds_patches():
    model = create_model("ViT-B/16", **SIZES)
    x = torch.randn(2, 3, 16, 24)
    convolved = torch.nn.functional.conv2d(x, model.kernels(), model.embedding.bias, stride=8)
    assert_close(convolved.flatten(2).mT, model.tokens(x))


def test_kernels_of_a_resnet_and_a_hybrid_are_those_of_the_first_convolution():
    """Standardised, as they are applied: mean 0, variance 1."""
    hybrid = create_model("R50+ViT-B/16", image_size=32, units=(1,), stem_width=0.5, width=16, depth=1, heads=2, mlp=16)
    for model in (create_model("ResNet50x1", units=(1,), width_factor=0.5), hybrid):
        kernels = model.kernels()
        assert kernels.shape == (32, 3, 7, 7)
        assert_close(kernels.flatten(1).mean(1), torch.zeros(32), atol=1e-5, rtol=0)
        assert_close(kernels.flatten(1).var(1, unbiased=False), torch.ones(32), atol=1e-3, rtol=0)


@pytest.mark.parametrize("position", ["1d", "2d", "sincos2d"])
@pytest.mark.parametrize("others", [{}, {"pool": "gap"}, {"registers": 2}])
def test_the_position_table_is_what_the_patches_get(position, others):
    model = create_model("ViT-B/16", position=position, **SIZES, **others).eval()
    tokens = torch.randn(1, 6, 16)
    added = model.patches(model.initial_sequence(tokens)) - tokens
    assert_close(model.position_table(), added[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("position", ["none", "relative"])
def test_a_model_that_adds_no_positions_has_no_table(position):
    with pytest.raises(ValueError, match="no positions are added to the patches"):
        create_model("ViT-B/16", position=position, **SIZES).position_table()
