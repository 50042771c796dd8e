"""What Figures 6, 7, 10, 11 and 14 show of one model, as arrays, and the numbers that sum them up.

B batch, H heads, L layers, N patches, C channels, p side of a filter in pixels; a grid is (rows, columns).
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

import numpy as np
import torch
from torch import Tensor

from vit.inspect.distance import attention_distance
from vit.inspect.filters import principal_components
from vit.inspect.positions import position_similarity
from vit.inspect.rollout import attention_map
from vit.models.axial import AxialViT
from vit.models.model import Model
from vit.models.vit import ViT

AT_ONCE = 16  # images: a layer of ViT-H/14 then holds 70 MB of attention weights


def has_rollout(model: Model) -> bool:
    """Does each patch attend to all? In axial models it does so along its row and its column only."""
    return hasattr(model, "attention_weights") and not isinstance(model, AxialViT)


@torch.no_grad()
def mean_distances(model: ViT, batches: Iterable[Tensor]) -> np.ndarray:
    """Mean attention distance in pixels of each layer and head over images (B, 3, H, W): (L, H)."""
    total, count = 0.0, 0
    for images in (part for batch in batches for part in batch.split(AT_ONCE)):
        layers = [distances_of(model, weights) for weights in model.attention_weights(images)]
        total, count = total + torch.stack(layers).double().sum(dim=1), count + len(images)
    return as_array(total / count)


def distances_of(model: ViT, weights: Tensor) -> Tensor:
    """attention_distance (B, H) of a layer's weights (B, H, N, N), on the grid of the model."""
    return attention_distance(weights, grid=model.grid, leading=model.leading, patch_pixels=model.patch_pixels)


@torch.no_grad()
def attention_maps(model: ViT, images: Tensor) -> np.ndarray:
    """Rollout of the class token (vit.inspect.rollout), (B, rows, columns)."""
    return as_array(torch.cat([attention_map(model, part) for part in images.split(AT_ONCE)]))


@torch.no_grad()
def parameter_arrays(model: ViT, components: int) -> dict[str, np.ndarray]:
    """What needs no image: filters (count, p, p, C) with filters_explained (count,), position_similarity.

    Filters are the first principal components of those next to the image, position_similarity (rows, columns, rows,
    columns). What the model does not have is absent: positions inside the attention, filters of a class of one's own.
    """
    arrays = {}
    for part in (partial(filter_arrays, components=components), position_arrays):
        with suppress(ValueError):
            arrays |= part(model)
    return arrays


@torch.no_grad()
def filter_arrays(model: Model, components: int) -> dict[str, np.ndarray]:
    """filters and filters_explained. ValueError for a model that does not say what its filters are."""
    filters, explained = principal_components(model.kernels(), components)
    return {"filters": as_array(filters.permute(0, 2, 3, 1)), "filters_explained": as_array(explained)}


@torch.no_grad()
def position_arrays(model: Model) -> dict[str, np.ndarray]:
    """position_similarity. ValueError where no position is added to the tokens."""
    similarity = position_similarity(model.position_table())
    return {"position_similarity": as_array(similarity.view(*model.grid, *model.grid))}


def as_pictures(images: Tensor) -> np.ndarray:
    """Model input from -1 to 1 (B, 3, h, w) as uint8 (B, h, w, 3)."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def as_array(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()


def summary(arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """The metrics of a run that leaves these arrays; names and units: vit/plan/inspection.py.

    Without those of filters and of positions where the model has none, and where a small grid has no such pairs.
    """
    distances = arrays["attention_distance"]
    metrics = {
        "attention_distance_first_px": distances[0].mean(),
        "attention_distance_last_px": distances[-1].mean(),
        "attention_distance_first_smallest_px": distances[0].min(),
        "attention_distance_first_largest_px": distances[0].max(),
    }
    if "filters_explained" in arrays:
        metrics["filters_explained"] = arrays["filters_explained"].sum()
    if "position_similarity" in arrays:
        pairs = zip(("adjacent", "others"), similarities(arrays["position_similarity"]), strict=True)
        metrics |= {f"position_similarity_{name}": values.mean() for name, values in pairs if values.size}
    return {name: float(value) for name, value in metrics.items()}


def similarities(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(of pairs of patches side by side or one above the other, of all other pairs), from (rows, columns, rows, columns)."""
    rows, columns = similarity.shape[:2]
    place = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1)
    steps = np.abs(place[:, None] - place).sum(axis=2)  # between the patches, along rows and columns
    pairs = similarity.reshape(rows * columns, -1)
    return pairs[steps == 1], pairs[steps > 1]
