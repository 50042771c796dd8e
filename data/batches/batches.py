"""Whole batches of a part of a set: what a loader asks for by places, and gets as images and labels.

B batch, N images of the part, C classes, S image size.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.utils.data import Dataset

from data.pictures.decode import Unreadable
from data.pictures.pictures import Pictures
from data.pictures.skipped import Skipped

CPU = torch.device("cpu")

Arrays = tuple[torch.Tensor | Pictures, torch.Tensor, ...]  # images, labels and what else belongs to each image


class Batches(Dataset):
    """Whole batches: (epochs, indices) -> images float32 (B, 3, S, S) in [-1, 1] and labels, int64 (B,) and whatever else."""

    def __init__(
        self,
        images: torch.Tensor | Pictures,
        labels: tuple[torch.Tensor, ...],
        *,
        transform: Callable,
        seed: int,
        training: bool,
        device: torch.device = CPU,
        skipped: Skipped | None = None,
    ):
        """transform: images, seed, epochs and indices -> new float32 (B, 1 or 3, S, S), 0 .. 255.

        labels: tensors (N, ...), the classes first. training: an unreadable picture is replaced by the next one, instead of left out.
        device: where batches are transformed, of
        images that come as a tensor. skipped: None where an unreadable picture is an error.
        """
        self.images, self.all_labels, self.transform, self.seed = images, labels, transform, seed
        self.training, self.device, self.skipped = training, device, skipped

    @property
    def labels(self) -> torch.Tensor:
        """Classes (N,), or sets of them (N, C)."""
        return self.all_labels[0]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, place: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, ...]:
        pixels, labels = self.pixels(place)
        images = torch.empty(len(pixels), 3, *pixels.shape[2:], device=pixels.device)
        return scaled(pixels, images), *labels

    def pixels(self, place: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Images of one's own, float32 (B, 1 or 3, S, S) of 0 .. 255, and labels."""
        epochs, indices = place
        images, epochs, indices = self.read_images(epochs, indices)
        pixels = self.transform(images, self.seed, epochs, indices)
        chosen = torch.from_numpy(indices)
        return pixels, [labels[chosen] for labels in self.all_labels]

    def read_images(
        self, epochs: np.ndarray, indices: np.ndarray
    ) -> tuple[torch.Tensor | list, np.ndarray, np.ndarray]:
        """The images, with epochs and indices of those that could be read."""
        if isinstance(self.images, torch.Tensor):
            rows = torch.from_numpy(indices).to(self.images.device)
            return self.images.index_select(0, rows).to(self.device), epochs, indices
        if not isinstance(self.images, Pictures):
            images = self.images[indices]
            return images.to(self.device) if isinstance(images, torch.Tensor) else images, epochs, indices
        if self.skipped is None:
            return self.images[indices], epochs, indices
        found = [(self.readable(int(index)), epoch) for epoch, index in zip(epochs, indices, strict=True)]
        found = [(image, epoch, index) for (image, index), epoch in found if image is not None]
        if not found:
            raise Unreadable(
                f"none of the {len(indices)} pictures of a batch can be read, {indices[0]} to {indices[-1]} of them all"
            )
        images, epochs, indices = zip(*found, strict=True)
        return list(images), np.array(epochs, int), np.array(indices, int)

    def readable(self, index: int) -> tuple[torch.Tensor | None, int]:
        """The image, and where it is: in training the next that can be read, else None in place of one that cannot."""
        while True:
            try:
                return self.images[[index]][0], index
            except Unreadable as error:
                self.skipped.add(index, error)
            if not self.training:
                return None, index
            index = (index + 1) % len(self)


def scaled(pixels: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """`images` (B, 3, S, S), filled with pixels (B, 1 or 3, S, S) of 0 .. 255 brought to -1 .. 1; they are used up."""
    return torch.sub(pixels.div_(127.5).expand_as(images), 1, out=images)


def select(rows: np.ndarray, images: torch.Tensor | Pictures, *labels: torch.Tensor) -> tuple:
    """(images, *labels) of these rows."""
    chosen = torch.from_numpy(rows)
    images = images[chosen] if isinstance(images, torch.Tensor) else images.select(rows)
    return images, *(one[chosen] for one in labels)
