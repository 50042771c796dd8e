"""The memory of a forward pass is that of the tensors alive at once, counted by hand."""

import pytest
import torch
from torch import nn

from vit.models import create_model
from vit.models.memory import peak_bytes

FLOAT = 4  # bytes


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide, self.narrow = nn.Linear(8, 100, bias=False), nn.Linear(100, 8, bias=False)

    def forward(self, x):
        return x + self.narrow(self.wide(x).view(-1, 100))  # a view needs no memory


@pytest.mark.parametrize("images", [1, 5])
def test_a_tensor_counts_from_when_it_is_made_until_nothing_refers_to_it(images):
    chain = nn.Sequential(nn.Linear(8, 100, bias=False), nn.ReLU(), nn.Linear(100, 8, bias=False))
    given = torch.zeros(images, 8)
    assert peak_bytes(chain, given) == images * FLOAT * (8 + 100 + 100)  # input, before and after ReLU
    assert peak_bytes(Residual(), given) == images * FLOAT * (8 + 100 + 8)  # input, hidden, narrow


@pytest.mark.parametrize("model", ["ViT-B/16", "Axial-ViT-B/16"])
def test_a_transformers_memory_grows_with_the_batch(model):
    network = create_model(model, image_size=32, num_classes=3, depth=1, width=32, heads=2, mlp=64).eval()
    with torch.inference_mode():  # as an evaluation runs
        one, four = (peak_bytes(network, torch.zeros(images, 3, 32, 32)) for images in (1, 4))
    assert four == 4 * one
