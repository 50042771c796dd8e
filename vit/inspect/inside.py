"""What a model looks like inside, as arrays: attention over images, filters, positions.

B batch, N tokens, H heads, L layers, (h, w) the grid of patches.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from vit.inspect.arrays_of_model import as_array, distances_of, filter_arrays
from vit.inspect.distance import attention_distance
from vit.inspect.filters import singular_values
from vit.inspect.rollout import over_patches, rollout
from vit.models.axial import AxialViT
from vit.models.model import Model
from vit.models.vit import ViT

COMPONENTS = 28  # shown in Figure 7


@torch.inference_mode()
def attention(model: ViT, x: Tensor) -> dict[str, np.ndarray]:
    """For images (B, 3, H, W): attention_maps (B, h, w), the rollout of the output; class_attention (B, L, H, h, w); and
    attention_distance (B, L, H) in pixels.

    An axial model has only distances, along rows and along columns: (B, 2 L, H), in turn.
    """
    layers = model.attention_weights(x)
    if isinstance(model, AxialViT):
        distances = [along_a_line(weights, model) for weights in layers]
        return {"attention_distance": as_array(torch.stack(distances, dim=1))}
    maps, distances = [], []
    joint = rollout(noted(layers, model, maps, distances))
    return {
        "attention_maps": as_array(over_patches(joint, model)),
        "class_attention": as_array(torch.stack(maps, dim=1)),
        "attention_distance": as_array(torch.stack(distances, dim=1)),
    }


def noted(layers: Iterable[Tensor], model: ViT, maps: list, distances: list) -> Iterator[Tensor]:
    """The layers, one in memory at a time; what is kept of each goes to `maps` (B, H, h, w) and `distances` (B, H)."""
    for weights in layers:
        maps.append(over_patches(weights.flatten(0, 1), model).unflatten(0, weights.shape[:2]))
        distances.append(distances_of(model, weights))
        yield weights


def along_a_line(weights: Tensor, model: AxialViT) -> Tensor:
    """Weights (B, lines, H, n, n) of the rows or the columns to the mean distance over all lines (B, H)."""
    grid = 1, weights.shape[-1]
    return attention_distance(weights, grid=grid, leading=0, patch_pixels=model.patch_pixels).mean(dim=1)


@torch.inference_mode()
def filters(model: Model) -> dict[str, np.ndarray]:
    """filter_arrays with up to 28 filters, and the singular_values of all filters.

    ValueError for a model whose first layer does not see colors, and for one that does not say what its filters are.
    """
    kernels = model.kernels()
    if kernels.shape[1] != 3:
        raise ValueError(f"its filters have {kernels.shape[1]} channels, not the 3 of images, so they are no pictures")
    return filter_arrays(model, COMPONENTS) | {"singular_values": as_array(singular_values(kernels))}


def images_at_a_time(model: Model) -> int:
    """How many images of a batch keep the weights of one layer below a few hundred megabytes."""
    if not isinstance(model, ViT):
        return 1
    tokens = model.leading + model.grid[0] * model.grid[1]
    return min(32, max(1, 2**22 // tokens**2))
