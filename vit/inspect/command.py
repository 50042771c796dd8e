"""python -m vit inspect: pictures and arrays of what a checkpoint looks like inside.

M images, L layers, H heads.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from vit.errors import UserError
from vit.inspect import inside
from vit.inspect.arrays_of_model import as_pictures, position_arrays
from vit.inspect.pictures_below import Picture, left_out, list_pictures
from vit.inspect.prepared import Preparation
from vit.inspect.written import Folder
from vit.models.axial import AxialViT
from vit.models.hybrid import Hybrid
from vit.models.resnet import ResNet
from vit.report.pictures.inside.maps_of_heads import maps_of_heads
from vit.report.pictures.inside.rollout_over_image import rollout_over_image
from vit.report.pictures.inside.spectrum import spectrum
from vit.report.pictures.inside.titled import panel
from vit.report.pictures.of_arrays import DRAWN
from vit.weights import Opened, open_checkpoint

Arrays = dict[str, np.ndarray]


def inspect(checkpoint: str, images: Sequence[str], out: str | None) -> list[str]:
    """Write all that the model has; returns what could not be made, a line for each.

    images: picture files and folders. out: the folder to write to; by default a new one in the current folder. UserError
    for a folder without pictures, a checkpoint that cannot be opened and a folder that cannot be written to.
    """
    pictures, others = list_pictures(images)
    opened = open_checkpoint(checkpoint)
    opened.model.eval()
    print(opened.report)
    for line in left_out(others):
        print(line, file=sys.stderr, flush=True)
    return Inspection(opened, Folder(Path(out) if out else new_folder(opened.name))).run(pictures)


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

    def run(self, pictures: Sequence[Picture]) -> list[str]:
        arrays = self.filters() | self.positions()
        attention = self.attention(pictures)
        if "attention_distance" in attention:
            self.draw_distance(attention["attention_distance"])
        arrays |= attention
        if arrays:
            self.folder.arrays(arrays)
            self.folder.events()
        self.print_numbers(arrays)
        return self.problems

    def problem(self, text: object) -> None:
        self.problems.append(f"{self.name}: {text}")

    def filters(self) -> Arrays:
        """Drawn, with their singular values."""
        try:
            arrays = inside.filters(self.model)
        except ValueError as error:
            self.problem(error)
            return {}
        layer, count = first_layer(self.model), len(arrays["filters"])
        title = f"{self.name}\n{layer}: {arrays['filters_explained'].sum():.1%} of the variance in {count} components"
        self.folder.picture("filters", panel, DRAWN["filters"], arrays, title, width=6.5, height=1.1 * -(-count // 7))
        self.folder.picture("singular-values", spectrum, arrays["singular_values"], f"{self.name}\n{layer}")
        return arrays

    def positions(self) -> Arrays:
        """Drawn."""
        try:
            arrays = position_arrays(self.model)
        except ValueError:  # positions are none, or inside the attention
            self.problem("no positions are added to its patches, so they have no similarity")
            return {}
        rows, columns = self.model.grid
        inches = min(12, max(4.5, rows, columns)) / max(rows, columns)  # of a map
        draw = DRAWN["position_similarity"]
        size = {"width": columns * inches + 1, "height": rows * inches}
        self.folder.picture("positions", panel, draw, arrays, self.name, **size)
        return arrays

    def attention(self, pictures: Sequence[Picture]) -> Arrays:
        """Attention over all images, drawn as each batch is done."""
        if not hasattr(self.model, "attention_weights"):
            self.problem(
                f"{type(self.model).__name__} has no attention between patches, so no rollout and no distances"
            )
            return {}
        try:
            preparation = Preparation(self.model.made_with["image_size"], self.images)
        except UserError as error:  # filters and positions are there already
            self.problem(error)
            return {}
        print(f"images: {preparation}")
        batches, names = [], {picture.path: picture.name for picture in pictures}
        for readable, pixels in preparation.batches(list(names), inside.images_at_a_time(self.model), self.problems):
            x = pixels / 127.5 - 1
            batch = {"names": np.array([str(path) for path in readable]), "images": as_pictures(x)}
            batch |= inside.attention(self.model, x)
            for row, path in enumerate(readable):
                self.draw_image(names[path], {key: array[row] for key, array in batch.items()})
            batches.append(batch)
        if batches and isinstance(self.model, AxialViT):
            self.problem(
                "an AxialViT attends along rows and columns in turn, so it has distances but no rollout and no class"
                " token's attention"
            )
        return {key: np.concatenate([batch[key] for batch in batches]) for key in (batches[0] if batches else ())}

    def draw_image(self, name: str, arrays: Arrays) -> None:
        """Of one image."""
        if "attention_maps" not in arrays:
            return
        title = f"{self.name}: {name}\nattention rollout from the output to the image"
        self.folder.picture(
            drawn_name("rollout", name), rollout_over_image, arrays["images"], arrays["attention_maps"], title
        )
        whose = "the patches (mean)" if self.model.class_token is None else "the class token"
        title = f"{self.name}: {name}\nattention of {whose} to the patches"
        self.folder.picture(drawn_name("heads", name), maps_of_heads, arrays["class_attention"], title)

    def draw_distance(self, distances: np.ndarray) -> None:
        """distances (M, L, H)."""
        axial = "; along rows (even) and columns (odd) in turn" if isinstance(self.model, AxialViT) else ""
        arrays = {"attention_distance": distances.mean(axis=0)}
        title = f"{self.name}\nmean over {count_of(distances)}{axial}"
        draw = DRAWN["attention_distance"]
        self.folder.picture("distance", panel, draw, arrays, title, width=5.5, height=3.6)

    def print_numbers(self, arrays: Arrays) -> None:
        if "attention_distance" in arrays:
            layers = arrays["attention_distance"].mean(axis=(0, 2))
            print(
                f"mean attention distance: {layers[0]:.1f} pixels in the first layer, {layers[-1]:.1f} in the last"
                f" (mean over {count_of(arrays['attention_distance'])})"
            )
        if "filters" in arrays:
            share = arrays["filters_explained"].sum()
            print(f"{len(arrays['filters'])} components explain {share:.1%} of the filters' variance")


def count_of(distances: np.ndarray) -> str:
    return f"{len(distances)} image{'s' if len(distances) > 1 else ''}"


def first_layer(model: torch.nn.Module) -> str:
    return "the first convolution" if isinstance(model, Hybrid | ResNet) else "the patch embedding"


def drawn_name(kind: str, name: str) -> str:
    """'rollout-cat' for cat, 'pets/rollout-cat' for pets/cat."""
    folder, last = os.path.split(name)
    return os.path.join(folder, f"{kind}-{last}")
