"""Image normalisation other than our mean 0.5 and standard deviation 0.5: the patch embedding is rewritten for ours."""

import torch
from torch import Tensor, nn

from vit.models.vit import ViT
from vit.weights.file import File

HALF = (0.5, 0.5, 0.5)


def fit_images(state: dict[str, Tensor], file: File, model: nn.Module, report) -> None:
    """Rewrite the embedding E x' + b of x' = (x - mean) / std, in `state`, for our input y = 2 x - 1; x is in [0, 1]."""
    if "mean" not in file.stated or "std" not in file.stated:
        report.assumed.append("images in [-1, 1] (mean and std 0.5)")
        return
    if file.stated["mean"] == file.stated["std"] == HALF:
        return
    made_for = f"images normalised by mean {file.stated['mean']} and std {file.stated['std']}"
    if type(model) is not ViT:
        # A ResNet's root convolution has no bias that could absorb the shift, and pads with zeros.
        raise file.error(
            f"made for {made_for}; only a ViT's patch embedding can be rewritten for 0.5, use another file"
        )
    mean, std = (torch.tensor(file.stated[name], dtype=torch.float64)[:, None] for name in ("mean", "std"))
    weight = state["embedding.weight"].double().unflatten(1, (3, -1))  # (D, C, P * P)
    bias = state["embedding.bias"].double() + (weight * (0.5 - mean) / std).sum(dim=(1, 2))
    state |= {"embedding.weight": (weight * 0.5 / std).flatten(1), "embedding.bias": bias}
    report.notes.append(f"made for {made_for}: the embedding is rewritten for images in [-1, 1]")
