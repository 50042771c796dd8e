"""experiments/ablations/conv_stem.py: the README's example of a model of one's own."""

import sys

import pytest
import torch

from vit.models import create_model
from vit.paths import EXPERIMENTS

SIZES = dict(patch=8, depth=1, width=32, heads=2, mlp=64)


@pytest.fixture(autouse=True)
def beside_the_yaml(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(EXPERIMENTS / "ablations")])


def make(**options):
    torch.manual_seed(0)
    return create_model(
        "conv_stem.ConvStemViT@ViT-B/16", image_size=32, num_classes=3, dropout=0.0, **{**SIZES, **options}
    )


def test_a_token_is_made_of_the_pixels_around_its_patch():
    model, image = make(), torch.zeros(1, 3, 32, 32, requires_grad=True)
    tokens = model.tokens(image)
    assert tokens.shape == (1, 16, 32)
    # three 3 x 3 convolutions of stride 2 see 15 x 15 pixels; GroupNorm's statistics, of the whole image, are left out
    norms = [layer for layer in model.embedding.modules() if isinstance(layer, torch.nn.GroupNorm)]
    for norm in norms:
        norm.forward = lambda x: x
    (gradient,) = torch.autograd.grad(model.tokens(torch.rand_like(image).requires_grad_() + image)[0, 5].sum(), image)
    rows, columns = gradient[0].abs().sum(0).nonzero().T
    assert rows.min() >= 1 and rows.max() <= 15  # token 5 is the patch of rows 8 to 15 and columns 8 to 15
    assert columns.min() >= 1 and columns.max() <= 15


def test_logits_of_an_image_do_not_depend_on_the_others():
    model, images = make(), torch.rand(4, 3, 32, 32)
    torch.nn.init.normal_(model.head.weight)
    torch.testing.assert_close(model(images)[:1], model(images[:1]))


def test_a_patch_that_halvings_do_not_reach_is_refused():
    with pytest.raises(ValueError, match=r"patch 6.*power of two"):
        make(patch=6)
