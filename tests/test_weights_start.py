"""The model that a checkpoint is loaded into starts from zeros: nothing is drawn, and nothing of a class is lost."""

import pytest
import torch
from weight_kinds import KINDS, write

from vit.models import create_model
from vit.models.vit import ViT
from vit.weights import open_checkpoint, save_weights
from vit.weights.zero_start import ZeroStart

SIZES = dict(image_size=16, num_classes=3, patch=8, width=16, depth=1, heads=2, mlp=16)


class WithBuffers(ViT):
    """A buffer that no file has, one of fixed random numbers, and one that files have."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.register_buffer("mean", torch.full((3,), 0.25), persistent=False)
        noise = torch.empty(3).normal_(generator=torch.Generator().manual_seed(5))
        self.register_buffer("noise", noise, persistent=False)
        self.register_buffer("steps", torch.zeros(1))


@pytest.mark.parametrize("kind", KINDS)
def test_opening_a_checkpoint_draws_no_random_numbers(kind, tmp_path):
    write(KINDS[kind][0], tmp_path / "weights.npz")
    before = torch.random.get_rng_state()
    opened = open_checkpoint(str(tmp_path / "weights.npz"))
    assert torch.equal(torch.random.get_rng_state(), before)
    names = [name for name, tensor in opened.model.state_dict().items() if not tensor.any()]
    assert not names, f"{names} are still zeros, though the archive has random numbers everywhere"


@pytest.mark.parametrize("name", ["ViT-B/16", "R50+ViT-B/16", "ResNet50x1", "Axial-ViT-B/16"])
def test_a_start_from_zeros_has_the_shapes_and_constants_of_any_other(name):
    sizes = {"ViT-B/16": SIZES, "Axial-ViT-B/16": SIZES}.get(name, {"num_classes": 3, "units": (1, 1, 1)})
    with ZeroStart():
        zeros = create_model(name, **sizes)
    usual = create_model(name, **sizes).state_dict()
    assert {key: tensor.shape for key, tensor in zeros.state_dict().items()} == {
        key: tensor.shape for key, tensor in usual.items()
    }
    for key, tensor in zeros.state_dict().items():
        assert not tensor.any() or torch.equal(tensor, usual[key]), key  # such as the ones of LayerNorm
    assert all(parameter.requires_grad for parameter in zeros.parameters())


def test_buffers_that_no_file_has_are_as_the_class_makes_them(tmp_path):
    model = create_model(f"{__name__}.WithBuffers@ViT-B/16", **SIZES)
    model.steps.fill_(7)
    save_weights(model, tmp_path / "weights.safetensors")
    opened = open_checkpoint(str(tmp_path / "weights.safetensors")).model
    assert torch.equal(opened.embedding.weight, model.embedding.weight)
    for name, buffer in model.named_buffers():
        assert torch.equal(opened.get_buffer(name), buffer), name
