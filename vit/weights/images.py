"""Images normalised by another mean and standard deviation than ours, 0.5 and 0.5: the patch embedding takes that up."""

import torch

from vit.models.vit import ViT

HALF = (0.5, 0.5, 0.5)


def fit_images(state, file, model, report):
    """The embedding E x' + b of x' = (x - mean) / std, rewritten in place for y = 2 x - 1, where x is in [0, 1]."""
    if "mean" not in file.stated or "std" not in file.stated:
        report.assumed.append("images in [-1, 1] (mean and std 0.5)")
        return
    if file.stated["mean"] == file.stated["std"] == HALF:
        return
    made_for = f"images normalised by mean {file.stated['mean']} and std {file.stated['std']}"
    if type(model) is not ViT:
        raise file.wrong(
            f"made for {made_for}, not by 0.5, which a ResNet's first layer cannot take up; use another file"
        )
    mean, std = (torch.tensor(file.stated[name], dtype=torch.float64)[:, None] for name in ("mean", "std"))
    weight = state["embedding.weight"].double().unflatten(1, (3, -1))  # (D, C, P * P)
    bias = state["embedding.bias"].double() + (weight * (0.5 - mean) / std).sum(dim=(1, 2))
    state |= {"embedding.weight": (weight * 0.5 / std).flatten(1), "embedding.bias": bias}
    report.notes.append(f"made for {made_for}: the embedding is rewritten for images in [-1, 1]")
