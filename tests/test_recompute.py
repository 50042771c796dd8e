"""Activation checkpointing: the same numbers in less memory, for every family of models."""

import pytest
import torch
from torch import nn

from vit.errors import UserError
from vit.models import create_model
from vit.models.memory import Alive
from vit.run.recompute import recompute

SMALL = {
    "ViT-B/16": dict(patch=8, width=32, depth=6, heads=2, mlp=64, dropout=0.1, drop_path=0.2),
    "R50+ViT-B/16": dict(units=(1, 1), stem_width=0.5, width=32, depth=2, heads=2, mlp=64),
    "ResNet50x1": dict(units=(2, 2), width_factor=0.5),
    "Axial-ViT-B/16": dict(patch=8, width=32, depth=2, heads=2, mlp=64),
    "AxialResNet50": dict(units=(1, 1), width_factor=0.5),
}


def made(name):
    torch.manual_seed(0)
    model = create_model(name, image_size=32, num_classes=5, **SMALL[name])
    nn.init.normal_(model.head.weight)
    return model.train()


def trained(model):
    """(loss, gradients by name, bytes alive after the forward pass)."""
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(2)
    with Alive() as alive:
        loss = model(images).logsumexp(1).mean()
        held = alive.now
    loss.backward()
    return loss, {name: parameter.grad for name, parameter in model.named_parameters()}, held


@pytest.mark.parametrize("name", SMALL)
def test_losses_and_gradients_are_equal_bit_for_bit_and_less_is_held(name):
    plain, checkpointed = made(name), made(name)
    recompute(checkpointed)
    assert list(checkpointed.state_dict()) == list(plain.state_dict())
    (loss, gradients, held), (own_loss, own, less) = trained(plain), trained(checkpointed)
    assert torch.equal(loss, own_loss) and gradients.keys() == own.keys()
    assert all(torch.equal(gradients[key], own[key]) for key in gradients if gradients[key] is not None)
    assert less < (0.25 if name == "ViT-B/16" else 0.8) * held


def test_a_model_that_does_not_say_what_its_blocks_are_is_told():
    class Own(nn.Module):
        def blocks_in_order(self):
            return []

    with pytest.raises(UserError, match="VIT_RECOMPUTE: Own does not say what its blocks are"):
        recompute(Own())
