"""The one data module: a set says its images and labels by split; parts, order, transforms and loaders are shared.

B batch, S image size.
"""

from collections.abc import Sequence
from typing import Literal

import lightning as L
import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from data.augment import AUGMENTATIONS
from data.order import InOrder, StepOrder
from data.splits import held_out


class Batches(Dataset):
    """Whole batches: (epochs, indices) -> images float32 (B, 3, S, S) in [-1, 1] and labels int64 (B,)."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, *, augment: Sequence[str], seed: int):
        self.images, self.labels, self.augment, self.seed = images, labels, augment, seed

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, place: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        epochs, indices = place
        chosen = torch.from_numpy(indices)
        images = self.images[chosen]
        for name in self.augment:
            images = AUGMENTATIONS[name](images, self.seed, epochs, indices)
        return (images.float() / 127.5 - 1).expand(-1, 3, -1, -1).contiguous(), self.labels[chosen]


class ImageData(L.LightningDataModule):
    """A set of labelled images. A subclass gives `num_classes` and `arrays`.

    train_on "train" keeps the fraction `held_out` of the training split for validation; "all" trains on the whole
    training split and has no validation part. The test split is never part of either. `batch_size` is the number of
    images of one optimizer step, over all devices and accumulated batches.
    """

    num_classes: int

    def __init__(
        self,
        *,
        image_size: int,
        batch_size: int,
        train_on: Literal["train", "all"],
        held_out: float,
        split_seed: int,
        augment: list[str],
        seed: int,
        eval_batch_size: int = 500,
        workers: int = 0,
    ):
        super().__init__()
        unknown = [name for name in augment if name not in AUGMENTATIONS]
        if unknown:
            raise ValueError(f"unknown augmentation {unknown[0]!r}; known are {', '.join(AUGMENTATIONS)}")
        if train_on not in ("train", "all"):
            raise ValueError(f"train_on is 'train' or 'all', not {train_on!r}")
        self.image_size, self.batch_size, self.eval_batch_size = image_size, batch_size, eval_batch_size
        self.train_on, self.held_out, self.split_seed = train_on, held_out, split_seed
        self.augment, self.seed, self.workers = augment, seed, workers
        self.parts: dict[str, Batches] = {}

    def arrays(self, split: Literal["train", "test"]) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 (N, H, W) or (N, 3, H, W) and labels int64 (N,) of a split, in a fixed order."""
        raise NotImplementedError

    def setup(self, stage: str) -> None:
        """Loads what the stage needs, once, resized to image_size, as uint8 in memory."""
        if stage in ("fit", "validate") and "train" not in self.parts:
            self.parts.update(self.training_parts())
        if stage == "test" and "test" not in self.parts:
            self.parts["test"] = self.part(*self.arrays("test"))

    def training_parts(self) -> dict[str, Batches]:
        """The parts "train" and, unless all is trained on, "val"."""
        images, labels = self.arrays("train")
        if self.train_on == "all":
            return {"train": self.part(images, labels, self.augment)}
        kept, held = (torch.from_numpy(part) for part in held_out(len(labels), self.held_out, self.split_seed))
        train = self.part(images[kept], labels[kept], self.augment)
        return {"train": train, "val": self.part(images[held], labels[held])}

    def part(self, images: torch.Tensor, labels: torch.Tensor, augment: Sequence[str] = ()) -> Batches:
        images = images if images.ndim == 4 else images[:, None]
        return Batches(resized(images, self.image_size), labels, augment=augment, seed=self.seed)

    def train_dataloader(self) -> DataLoader:
        """Endless; goes on at the trainer's step, with its share of each batch."""
        part = self.parts["train"]
        order = StepOrder(length=len(part), batch_size=self.batch_size, seed=self.seed, **self.place())
        return self.loader(part, order)

    def place(self) -> dict[str, int]:
        """Where the trainer stands, if there is one."""
        if self.trainer is None:
            return {}
        rank, ranks = self.trainer.global_rank, self.trainer.world_size
        start, pieces = self.trainer.global_step, self.trainer.accumulate_grad_batches
        return {"start": start, "rank": rank, "ranks": ranks, "pieces": pieces}

    def val_dataloader(self) -> DataLoader | list:
        return [] if self.train_on == "all" else self.sequential("val")

    def test_dataloader(self) -> DataLoader:
        return self.sequential("test")

    def sequential(self, name: str) -> DataLoader:
        """Each image once, whatever the number of devices."""
        part, place = self.parts[name], self.place()
        share = {key: place[key] for key in ("rank", "ranks") if key in place}
        return self.loader(part, InOrder(length=len(part), batch_size=self.eval_batch_size, **share))

    def loader(self, part: Batches, sampler) -> DataLoader:
        pinned = torch.cuda.is_available()
        return DataLoader(part, sampler=sampler, batch_size=None, num_workers=self.workers, pin_memory=pinned)


def resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """uint8 (N, C, H, W) -> uint8 (N, C, S, S), bilinear with antialiasing; in blocks, to need little memory."""
    if images.shape[-2:] == (size, size):
        return images
    blocks = []
    for block in images.split(1000):
        scaled = F.interpolate(block.float(), (size, size), mode="bilinear", antialias=True, align_corners=False)
        blocks.append(scaled.round().clamp(0, 255).to(torch.uint8))
    return torch.cat(blocks)
