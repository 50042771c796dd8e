"""Batches: the images and labels of a part, a whole batch at a time.

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

Arrays = tuple[torch.Tensor | Pictures, torch.Tensor, ...]  # images, labels, and further tensors with a row an image
Samples = tuple[np.ndarray, np.ndarray]  # epochs and indices (B,), as the samplers of data.batches.order yield them


class Batches(Dataset):
    """Samples -> images float32 (B, 3, S, S) in [-1, 1], labels int64 (B,), and the rows of the further tensors."""

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
        in_parts: bool = False,
    ):
        """labels: tensors (N, ...), the classes first.

        transform: images, seed, epochs, indices -> new float32 (B, 1 or 3, S, S), 0 .. 255.
        training: the next readable picture replaces an unreadable one, which an evaluation leaves out.
        device: where images that come as a tensor are transformed.
        skipped: None if an unreadable picture is an error.
        in_parts: the transform takes no more than a slice of each picture.
        """
        self.images, self.all_labels, self.transform, self.seed = images, labels, transform, seed
        self.training, self.device, self.skipped = training, device, skipped
        self.in_parts = in_parts and isinstance(images, Pictures)

    @property
    def labels(self) -> torch.Tensor:
        """Classes (N,), or sets of them (N, C)."""
        return self.all_labels[0]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, samples: Samples) -> tuple[torch.Tensor, ...]:
        pixels, labels = self.pixels(samples)
        images = torch.empty(len(pixels), 3, *pixels.shape[2:], device=pixels.device)
        return scale_into(images, pixels), *labels

    def pixels(self, samples: Samples) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Transformed images, float32 (B, 1 or 3, S, S) of 0 .. 255, which share no memory with the set; and labels."""
        epochs, indices = samples
        pixels = self.of_parts(epochs, indices) if self.in_parts else None
        if pixels is None:
            images, epochs, indices = self.read_images(epochs, indices)
            pixels = self.transform(images, self.seed, epochs, indices)
        rows = torch.from_numpy(indices)
        return pixels, [labels[rows] for labels in self.all_labels]

    def of_parts(self, epochs: np.ndarray, indices: np.ndarray) -> torch.Tensor | None:
        """The transformed images, of pictures decoded in parts; None if one cannot be read and shall be skipped."""
        try:
            images = [self.images.undecoded(int(index)) for index in indices]
            return self.transform(images, self.seed, epochs, indices)
        except Unreadable:
            if self.skipped is None:
                raise
            return None  # decoded whole, one after another, to know which

    def read_images(
        self, epochs: np.ndarray, indices: np.ndarray
    ) -> tuple[torch.Tensor | list, np.ndarray, np.ndarray]:
        """The images, with the epochs and indices of those that could be read."""
        if isinstance(self.images, torch.Tensor):
            rows = torch.from_numpy(indices).to(self.images.device)
            return self.images.index_select(0, rows).to(self.device), epochs, indices
        if not isinstance(self.images, Pictures):
            images = self.images[indices]
            return images.to(self.device) if isinstance(images, torch.Tensor) else images, epochs, indices
        if self.skipped is None:
            return self.images[indices], epochs, indices
        samples = [(*self.readable(int(index)), epoch) for epoch, index in zip(epochs, indices, strict=True)]
        samples = [sample for sample in samples if sample[0] is not None]
        if not samples:
            raise Unreadable(
                f"none of the {len(indices)} pictures of a batch can be decoded, from index {indices[0]} on"
            )
        images, indices, epochs = zip(*samples, strict=True)
        return list(images), np.array(epochs, int), np.array(indices, int)

    def readable(self, index: int) -> tuple[torch.Tensor | None, int]:
        """The image and its index. An unreadable one is replaced by the next readable one in training, by None elsewhere."""
        while True:
            try:
                return self.images[[index]][0], index
            except Unreadable as error:
                self.skipped.add(index, error)  # raises above the limit, which ends this loop
            if not self.training:
                return None, index
            index = (index + 1) % len(self)


def scale_into(images: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """Writes pixels (B, 1 or 3, S, S) of 0 .. 255 into `images` (B, 3, S, S) as -1 .. 1. `pixels` is overwritten."""
    return torch.sub(pixels.div_(127.5).expand_as(images), 1, out=images)


def select(rows: np.ndarray, images: torch.Tensor | Pictures, *labels: torch.Tensor) -> tuple:
    """(images, *labels) at these rows."""
    chosen = torch.from_numpy(rows)
    images = images[chosen] if isinstance(images, torch.Tensor) else images.select(rows)
    return images, *(tensor[chosen] for tensor in labels)
