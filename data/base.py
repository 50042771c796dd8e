"""The one data module: a set says its images and labels by split; parts, order, transforms and loaders are shared.

B batch, S image size.
"""

from collections.abc import Callable
from typing import Literal

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from data.order import Chosen, InOrder, StepOrder
from data.pictures import Pictures
from data.resize import resized
from data.splits import held_out
from data.steps import Preparation


class Batches(Dataset):
    """Whole batches: (epochs, indices) -> images float32 (B, 3, S, S) in [-1, 1] and labels int64 (B,)."""

    def __init__(self, images: torch.Tensor | Pictures, labels: torch.Tensor, *, prepare: Callable, seed: int):
        """prepare: images, seed, epochs and indices -> new float32 (B, 1 or 3, S, S), 0 .. 255 (data.steps)."""
        self.images, self.labels, self.prepare, self.seed = images, labels, prepare, seed

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, place: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        epochs, indices = place
        chosen = torch.from_numpy(indices)
        images = self.images[indices] if isinstance(self.images, Pictures) else self.images.index_select(0, chosen)
        images = self.prepare(images, self.seed, epochs, indices).div_(127.5).sub_(1)
        return images.expand(-1, 3, -1, -1).contiguous(), self.labels[chosen]


class ImageData(L.LightningDataModule):
    """A set of labelled images. A subclass gives `num_classes` and `arrays`.

    train_on "train" keeps `held_out` of the training split for validation and trains on `subset` of the rest (both are
    fractions or numbers of images, data.splits); "all" trains on both and has no validation part. The test
    split is never part of either. `batch_size` is the number of images of one optimizer step, over all devices and
    accumulated batches. augment, evaluation and resize say what happens to an image on its way (data.steps).
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
        evaluation: str,
        resize: str,
        seed: int,
        subset: float = 1.0,
        eval_batch_size: int = 500,
        workers: int = 0,
    ):
        super().__init__()
        if train_on not in ("train", "all"):
            raise ValueError(f"train_on is 'train' or 'all', not {train_on!r}")
        self.image_size, self.batch_size, self.eval_batch_size = image_size, batch_size, eval_batch_size
        self.train_on, self.held_out, self.split_seed = train_on, held_out, split_seed
        self.subset, self.resize, self.seed, self.workers = subset, resize, seed, workers
        self.preparation = Preparation(size=image_size, augment=augment, evaluation=evaluation, resize=resize)
        self.parts: dict[str, Batches] = {}

    def arrays(self, split: Literal["train", "test"]) -> tuple[torch.Tensor | Pictures, torch.Tensor]:
        """Images uint8 (N, H, W) or (N, 3, H, W), or Pictures, and labels int64 (N,) of a split, in a fixed order."""
        raise NotImplementedError

    def setup(self, stage: str) -> None:
        """Loads what the stage needs, once, as uint8 in memory."""
        if stage in ("fit", "validate") and "train" not in self.parts:
            self.parts.update(self.training_parts())
        if stage == "test" and "test" not in self.parts:
            self.parts["test"] = self.part(*self.arrays("test"))

    def training_parts(self) -> dict[str, Batches]:
        """The parts "train" and, unless all is trained on, "val"."""
        images, labels = self.arrays("train")
        if self.train_on == "all" and self.subset == 1:
            return {"train": self.part(images, labels, augmented=True)}
        kept, held = held_out(len(labels), self.held_out, self.split_seed, self.subset)
        if self.train_on == "all":
            return {"train": self.part(images, labels, np.union1d(kept, held), augmented=True)}
        return {
            "train": self.part(images, labels, kept, augmented=True),
            "val": self.part(images, labels, held),
        }

    def part(
        self,
        images: torch.Tensor | Pictures,
        labels: torch.Tensor,
        chosen: np.ndarray | None = None,
        augmented: bool = False,
    ) -> Batches:
        """The chosen images (default: all); resized now where that happens once."""
        if chosen is not None:
            rows = torch.from_numpy(chosen)
            images, labels = images.only(chosen) if isinstance(images, Pictures) else images[rows], labels[rows]
        if isinstance(images, torch.Tensor):
            images = images if images.ndim == 4 else images[:, None]
            images = resized(images, (self.image_size,) * 2) if self.resize == "once" else images
        prepare = self.preparation.augment if augmented else self.preparation.evaluate
        return Batches(images, labels, prepare=prepare, seed=self.seed)

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

    def labels(self, name: str) -> torch.Tensor:
        """Labels (N,) of a part, "train", "val" or "test"; a set that decodes its images later need not do so for them."""
        return self.ready(name).labels

    def in_order(self, name: str, indices: np.ndarray | None = None) -> DataLoader:
        """Batches of a part's images without augmentation: all of them, or those at `indices`, in their order."""
        part = self.ready(name)
        plain = Batches(part.images, part.labels, prepare=self.preparation.evaluate, seed=self.seed)
        indices = np.arange(len(plain)) if indices is None else indices
        return self.loader(plain, Chosen(indices, batch_size=self.eval_batch_size))

    def ready(self, name: str) -> Batches:
        """A part, loaded now if no stage has needed it so far."""
        if name not in self.parts:
            self.setup({"train": "fit", "val": "validate", "test": "test"}[name])
        if name not in self.parts:
            raise ValueError(f"train_on {self.train_on!r} keeps no images apart: there is no part {name!r}")
        return self.parts[name]

    def loader(self, part: Batches, sampler) -> DataLoader:
        pinned = torch.cuda.is_available()
        return DataLoader(part, sampler=sampler, batch_size=None, num_workers=self.workers, pin_memory=pinned)
