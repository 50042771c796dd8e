"""python -m vit inspect: pictures and arrays of what a checkpoint looks like inside.

M images, L layers, H heads, (h, w) the grid of patches, S side of the images.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from vit.inspect import inside
from vit.inspect.prepared import Preparation
from vit.inspect.written import Folder
from vit.models.axial import AxialViT
from vit.models.hybrid import Hybrid
from vit.models.resnet import ResNet
from vit.report.pictures.inside.attention_maps import heads_picture, rollout_picture
from vit.report.pictures.inside.depth_dots import distance_picture
from vit.report.pictures.inside.filter_grid import components_picture, singular_values_picture
from vit.report.pictures.inside.similarity_maps import similarity_picture
from vit.weights import Opened, open_checkpoint

Arrays = dict[str, np.ndarray]


def inspect(checkpoint: str, images: Sequence[str], out: str | None) -> list[str]:
    """Write all that the model has; returns what could not be made, a line for each.

    out: the folder to write to; by default a new one in the current folder. UserError for a checkpoint that cannot be
    opened and for a folder that cannot be written to.
    """
    opened = open_checkpoint(checkpoint)
    opened.model.eval()
    print(opened.report)
    return Inspection(opened, Folder(Path(out) if out else new_folder(opened.name))).run(
        [Path(path) for path in images]
    )


def new_folder(name: str) -> Path:
    """inspect-NAME, or inspect-NAME-2, -3 ... if that exists."""
    path, number = Path(f"inspect-{name}"), 1
    while path.exists():
        number += 1
        path = Path(f"inspect-{name}-{number}")
    return path


class Inspection:
    """One model, the folder that it is drawn into, and the problems met."""

    def __init__(self, opened: Opened, folder: Folder):
        self.model, self.folder = opened.model, folder
        self.name, self.images = opened.name, opened.images
        self.problems: list[str] = []

    def run(self, paths: Sequence[Path]) -> list[str]:
        found = self.part(inside.filters) | self.part(inside.positions)
        self.draw_model(found)
        attention = self.part(lambda model: self.attention(paths))
        if "distance" in attention:
            self.draw_distance(attention["distance"])
        if found | attention:
            self.folder.arrays(found | attention)
            self.folder.events()
        self.print_numbers(found | attention)
        return self.problems

    def part(self, look: Callable) -> Arrays:
        """Arrays of one part of the model; a model that has no such part is a problem."""
        try:
            return as_arrays(look(self.model))
        except ValueError as error:
            self.problems.append(f"{self.name}: {error}")
            return {}

    def draw_model(self, found: Arrays) -> None:
        """Of filters and positions."""
        if "components" in found:
            count, share = len(found["components"]), found["explained"].sum()
            layer = first_layer(self.model)
            title = f"{self.name}\nfirst {count} principal components of {layer}: {share:.1%} of the variance"
            self.folder.picture("filters", components_picture, found["components"], found["explained"], title)
            title = f"{self.name}\n{layer}"
            self.folder.picture("singular-values", singular_values_picture, found["singular_values"], title)
        if "position_similarity" in found:
            self.folder.picture("positions", similarity_picture, found["position_similarity"], self.name)

    def attention(self, paths: Sequence[Path]) -> Arrays:
        """Attention over all images, drawn as each batch is done."""
        made = Preparation(self.model.made_with["image_size"], self.images)
        print(f"images: {made}")
        batches, names = [], unique_names(paths)
        for readable, pixels in made.batches(paths, inside.images_at_a_time(self.model), self.problems):
            batch = as_arrays(inside.attention(self.model, pixels / 127.5 - 1))
            batch["names"] = np.array([str(path) for path in readable])
            batch["images"] = pixels.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
            for row, path in enumerate(readable):
                self.draw_image(names[path], {key: array[row] for key, array in batch.items()})
            batches.append(batch)
        if not batches:
            return {}
        if isinstance(self.model, AxialViT):
            self.problems.append(
                f"{self.name}: an AxialViT attends along rows and columns in turn, so it has distances but no rollout"
                " and no class token's attention"
            )
        return {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}

    def draw_image(self, name: str, found: Arrays) -> None:
        if "rollout" in found:
            self.folder.picture(f"rollout-{name}", rollout_picture, found["images"], found["rollout"], name)
            token = self.model.class_token is not None
            self.folder.picture(f"heads-{name}", heads_picture, found["class_attention"], name, class_token=token)

    def draw_distance(self, distance: np.ndarray) -> None:
        """distance (M, L, H)."""
        kinds = ("a head, along rows", "a head, along columns") if isinstance(self.model, AxialViT) else ("a head",)
        title = f"{self.name}\nmean over {count_of(distance)}"
        self.folder.picture("distance", distance_picture, distance.mean(axis=0), title, kinds=kinds)

    def print_numbers(self, found: Arrays) -> None:
        if "distance" in found:
            layers = found["distance"].mean(axis=(0, 2))
            print(
                f"mean attention distance: {layers[0]:.1f} pixels in the first layer, {layers[-1]:.1f} in the last"
                f" (mean over {count_of(found['distance'])})"
            )
        if "components" in found:
            print(
                f"{len(found['components'])} components explain {found['explained'].sum():.1%} of the filters' variance"
            )


def as_arrays(tensors: dict) -> Arrays:
    return {name: tensor.numpy() if isinstance(tensor, torch.Tensor) else tensor for name, tensor in tensors.items()}


def count_of(distance: np.ndarray) -> str:
    return f"{len(distance)} image{'s' if len(distance) > 1 else ''}"


def first_layer(model: torch.nn.Module) -> str:
    return "the first convolution" if isinstance(model, Hybrid | ResNet) else "the patch embedding"


def unique_names(paths: Sequence[Path]) -> dict[Path, str]:
    """{path: its name without suffix, with a number behind it if another path has the same}."""
    names = {}
    for path in paths:
        name, number = path.stem, 1
        while name in names.values():
            number += 1
            name = f"{path.stem}-{number}"
        names.setdefault(path, name)
    return names
