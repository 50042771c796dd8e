"""Attention rollout against sums written out in numpy, and where a map's rows and columns lie."""

import numpy as np
import pytest
import torch

from vit.inspect.rollout import attention_map, class_token_map, rollout
from vit.models import create_model

TINY = dict(width=8, depth=3, heads=2, mlp=8, patch=4, image_size=(8, 12), num_classes=3)


def attention(layers: int = 3, batch: int = 2, heads: int = 3, tokens: int = 5) -> torch.Tensor:
    scores = torch.randn(layers, batch, heads, tokens, tokens, dtype=torch.float64, generator=torch.manual_seed(0))
    return (3 * scores).softmax(-1)


def expected_rollout(layers: np.ndarray) -> np.ndarray:
    """Entry by entry: mean over heads, plus identity, rows to sum 1; then the product, later layers on the left."""
    depth, batch, heads, tokens, _ = layers.shape
    joint = np.zeros((batch, tokens, tokens))
    for b in range(batch):
        share = [[float(i == j) for j in range(tokens)] for i in range(tokens)]
        for layer in range(depth):
            mixed = np.zeros((tokens, tokens))
            for i in range(tokens):
                for j in range(tokens):
                    mixed[i, j] = sum(layers[layer, b, h, i, j] for h in range(heads)) / heads + (i == j)
                mixed[i] /= sum(mixed[i])
            share = [
                [sum(mixed[i, k] * share[k][j] for k in range(tokens)) for j in range(tokens)] for i in range(tokens)
            ]
        joint[b] = share
    return joint


def test_rollout_is_the_product_of_the_layers_with_their_residual_branches():
    layers = attention()
    expected = expected_rollout(layers.numpy())
    torch.testing.assert_close(rollout(layers), torch.from_numpy(expected), rtol=0, atol=1e-14)
    assert not np.allclose(expected_rollout(layers.numpy()[::-1]), expected)  # the order of the layers is tested too


def test_layers_that_attend_to_themselves_only_leave_every_token_where_it_is():
    eye = torch.eye(4).expand(2, 3, 4, 4)
    torch.testing.assert_close(rollout([eye] * 5), torch.eye(4).expand(2, 4, 4))


def test_a_uniform_layer_halves_what_stays():
    """With A = 1/N everywhere, (A + I) / 2 twice is 3/4 A + 1/4 I."""
    uniform = torch.full((1, 2, 4, 4), 0.25, dtype=torch.float64)
    torch.testing.assert_close(rollout([uniform] * 2)[0], 0.75 * uniform[0, 0] + 0.25 * torch.eye(4))


def test_no_layers_are_an_error():
    with pytest.raises(ValueError, match="no layers"):
        rollout([])


def test_the_map_is_the_class_tokens_row_in_raster_order_without_class_token_and_registers():
    joint = torch.arange(2 * 8 * 8.0).view(2, 8, 8)  # class token, register, 2 x 3 patches
    found = class_token_map(joint, (2, 3), 2, class_token=True)
    assert found[0].tolist() == [[2, 3, 4], [5, 6, 7]]
    assert found[1].tolist() == [[66, 67, 68], [69, 70, 71]]


def test_without_class_token_it_is_the_mean_over_the_rows_of_the_patches():
    joint = torch.arange(5 * 5.0).view(1, 5, 5)  # a register, 2 x 2 patches
    assert class_token_map(joint, (2, 2), 1, class_token=False)[0].tolist() == [[13.5, 14.5], [15.5, 16.5]]


@pytest.mark.parametrize("options", [{}, {"registers": 2}, {"pool": "gap"}, {"pool": "gap", "registers": 1}])
def test_the_map_of_a_model_is_that_of_its_attention_weights(options):
    torch.manual_seed(0)
    model, images = create_model("ViT-Ti/16", **TINY | options).eval(), torch.randn(2, 3, 8, 12)
    joint = expected_rollout(torch.stack(list(model.attention_weights(images))).detach().double().numpy())
    leading = ("pool" not in options) + options.get("registers", 0)
    rows = joint[:, leading:].mean(1) if "pool" in options else joint[:, 0]
    found = attention_map(model, images)
    assert found.shape == (2, 2, 3) and not found.requires_grad
    np.testing.assert_allclose(found.numpy(), rows[:, leading:].reshape(2, 2, 3), rtol=0, atol=1e-6)
