"""The one data module: a set says its images and labels by split; parts, order, transforms and loaders are shared.

B batch, S image size.
"""

from collections import Counter
from typing import Literal

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from data.batches.batches import Arrays, Batches, select
from data.batches.class_range import outside
from data.batches.handover import Handover
from data.batches.loading import brought, device, loader
from data.batches.order import Chosen, InOrder, StepOrder
from data.batches.splits import held_out
from data.before_training import look_at
from data.pictures.pictures import Pictures
from data.pictures.skipped import Skipped, on_any_device, passed_over
from data.pictures.without import Without
from data.transforms.resize import resized
from data.transforms.transform import Transform
from data.values import check


class ImageData(L.LightningDataModule):
    """A set of labelled images. A subclass gives `num_classes` and `arrays`.

    train_on "train" keeps `held_out` of the training split for validation and trains on `subset` of the rest (both are
    fractions or numbers of images, data.splits); "all" trains on both and has no validation part. The test
    split is never part of either. `batch_size` is the number of images of one optimizer step, over all devices and
    accumulated batches. augment, evaluation and resize say what happens to an image on its way (data.transforms).
    workers:
    processes that load batches; they change no number, and default to what suits the machine.
    on_error: "raise" names the first picture that cannot be read or has no class, "skip" goes on without it, as far as
    skip_limit, a share of each part, allows. without: a list of training images that are left out (data.without), as if
    the split did not hold them.
    """

    num_classes: int
    one_source = False  # are the parts divided or drawn from one source, so that none can be missing?

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
        workers: int | None = None,
        on_error: Literal["raise", "skip"] = "raise",
        skip_limit: float = 0.001,
        without: str | None = None,
    ):
        super().__init__()
        check(image_size=image_size, batch_size=batch_size, eval_batch_size=eval_batch_size, workers=workers)
        check(train_on=train_on, held_out=held_out, subset=subset, split_seed=split_seed, seed=seed)
        check(on_error=on_error, skip_limit=skip_limit)
        self.image_size, self.batch_size, self.eval_batch_size = image_size, batch_size, eval_batch_size
        self.train_on, self.held_out, self.split_seed = train_on, held_out, split_seed
        self.evaluation, self.subset, self.resize, self.seed, self.workers = evaluation, subset, resize, seed, workers
        self.on_error, self.skip_limit = on_error, skip_limit
        self.without = Without(without) if without else None
        self.transform = Transform(size=image_size, augment=augment, evaluation=evaluation, resize=resize)
        self.parts: dict[str, Batches] = {}
        self.left_out: Counter[str] = Counter()  # images of a split that on_error "skip" left out at once
        self.passed_over: set[tuple[str, str]] = set()  # (kind, which): archives and classes that it goes without

    def arrays(self, split: Literal["train", "test"]) -> Arrays:
        """Images uint8 (N, H, W) or (N, 3, H, W), or Pictures, and labels int64 (N,) of a split, in a fixed order.

        What else belongs to each image may follow, such as the sets of classes (N, C) that count as right.
        """
        raise NotImplementedError

    def test_listing(self) -> Arrays:
        """`arrays("test")`, but that pictures need not be decoded and what is not looked at need not be read."""
        return self.arrays("test")

    def look_at_test(self) -> str | None:
        """Before training: an error if the test part is wrong or missing, or a line for people where this run needs none."""
        return None if self.one_source else look_at(self)

    def image_format(self) -> dict[str, str | int]:
        """How the images of an evaluation come to be what the model sees: part of what a model is."""
        return {
            "image_size": self.image_size,
            "evaluation": self.evaluation,
            "resize": self.resize,
            "pixels": "-1 to 1",
        }

    def setup(self, stage: str) -> None:
        """Loads what the stage needs, once, as uint8 in memory."""
        if stage in ("fit", "validate") and "train" not in self.parts:
            self.parts.update(self.training_parts())
        if stage == "test" and "test" not in self.parts:
            self.parts["test"] = self.part(*self.with_classes("test"))

    def training_parts(self) -> dict[str, Batches]:
        """The parts "train" and, unless all is trained on, "val"."""
        arrays = self.with_classes("train")
        length = len(arrays[1])
        if self.train_on == "all" and self.subset == 1:
            return {"train": self.part(*arrays, augmented=True)}
        kept, held = self.kept_and_held(length)
        if self.train_on == "all":
            return {"train": self.part(*arrays, chosen=np.union1d(kept, held), augmented=True)}
        return {
            "train": self.part(*arrays, chosen=kept, augmented=True),
            "val": self.part(*arrays, chosen=held),
        }

    def training_arrays(self) -> Arrays:
        """`arrays("train")` but for the images that are left out."""
        arrays = self.arrays("train")
        return arrays if self.without is None else select(self.without.kept(arrays[0]), *arrays)

    def with_classes(self, split: str) -> Arrays:
        """The arrays of a split, all of whose labels are classes."""
        return self.accepted(split, *(self.training_arrays() if split == "train" else self.arrays(split)))

    def accepted(self, split: str, images: torch.Tensor | Pictures, *labels: torch.Tensor) -> Arrays:
        """Those whose labels are classes. ValueError for others, and for archives that are cut short, as on_error says."""
        if isinstance(images, Pictures):
            self.passed_over |= passed_over(images, split, self.skip_limit)
        most = self.skip_limit * len(labels[0]) if self.on_error == "skip" else 0
        wrong = outside(images, labels[0], self.num_classes, most=most, where=f"{type(self).__name__}, {split}")
        if not len(wrong):
            return images, *labels
        self.left_out[split] += len(wrong)
        return select(np.delete(np.arange(len(labels[0])), wrong), images, *labels)

    def skipped_images(self) -> dict[str, int]:
        """How many images on_error "skip" went without, by part or split; empty where an unreadable one is an error.

        Over all devices, which all have to ask.
        """
        if self.on_error == "raise":
            return {}
        met = {name: int(on_any_device(part.skipped.flags, self.trainer).sum()) for name, part in self.parts.items()}
        return {**(Counter(met) + self.left_out + Counter(kind for kind, _ in self.passed_over))} or {"train": 0}

    def state_dict(self) -> dict:
        """What a checkpoint keeps: how images are prepared, and what a resumed run needs to go on counting."""
        parts = {name: part.skipped for name, part in self.parts.items() if part.skipped is not None}
        skipped = {name: skipped.flags.nonzero()[:, 0] for name, skipped in parts.items()}
        images = {name: len(part) for name, part in self.parts.items()}
        return {"prepared": self.image_format(), "images": images, "skipped": skipped}

    def load_state_dict(self, state: dict) -> None:
        """ValueError if the checkpoint is one of a model for images that are prepared in another way, or were more or fewer."""
        for name, here in self.image_format().items():
            if state["prepared"].get(name, here) != here:
                told = f"a model for images with {name} {state['prepared'][name]!r}; here it is {here!r}"
                raise ValueError(f"the checkpoint is one of {told}")
        for name, count in state["images"].items():
            if name in self.parts and len(self.parts[name]) != count:
                told = f"{count:,} images in part {name!r}, and here are {len(self.parts[name]):,}"
                raise ValueError(f"the checkpoint is one of a run with {told}; bring them back, or train anew")
        for name, indices in state["skipped"].items():
            self.parts[name].skipped.flags[indices] = True

    def kept_and_held(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Sorted indices (kept, held) of the training split."""
        return held_out(length, self.held_out, self.split_seed, self.subset)

    def part(
        self,
        images: torch.Tensor | Pictures,
        *labels: torch.Tensor,
        chosen: np.ndarray | None = None,
        augmented: bool = False,
    ) -> Batches:
        """The chosen images (default: all); resized now where that happens once, and brought to where they are prepared."""
        if chosen is not None:
            images, *labels = select(chosen, images, *labels)
        if not len(labels[0]):
            raise ValueError(f"{type(self).__name__}: no images are left for a part of it; look at held_out and subset")
        there = device(images, self.workers, self.trainer)
        if isinstance(images, torch.Tensor):
            images = images if images.ndim == 4 else images[:, None]
            images = resized(images, (self.image_size,) * 2) if self.resize == "once" else images
            images = brought(images, there)
        skipped = Skipped(len(labels[0]), self.skip_limit) if self.on_error == "skip" else None
        transform = self.transform.augment if augmented else self.transform.evaluate
        how = {"transform": transform, "seed": self.seed, "training": augmented}
        return Batches(images, tuple(labels), device=there, skipped=skipped, **how)

    def train_dataloader(self) -> DataLoader | Handover:
        """Endless; goes on at the trainer's step, with its share of each batch."""
        part = self.parts["train"]
        order = StepOrder(length=len(part), batch_size=self.batch_size, seed=self.seed, **self.place())
        return self.batches(part, order)

    def place(self) -> dict[str, int]:
        """Where the trainer stands, if there is one."""
        if self.trainer is None:
            return {}
        rank, ranks = self.trainer.global_rank, self.trainer.world_size
        start, pieces = self.trainer.global_step, self.trainer.accumulate_grad_batches
        return {"start": start, "rank": rank, "ranks": ranks, "pieces": pieces}

    def val_dataloader(self) -> DataLoader | Handover | list:
        return [] if self.train_on == "all" else self.sequential("val")

    def test_dataloader(self) -> DataLoader | Handover:
        return self.sequential("test")

    def sequential(self, name: str) -> DataLoader | Handover:
        """Each image once, whatever the number of devices."""
        part, place = self.parts[name], self.place()
        share = {key: place[key] for key in ("rank", "ranks") if key in place}
        order = InOrder(length=len(part), batch_size=self.eval_batch_size, **share)
        return self.batches(part, order)

    def batches(self, part: Batches, order: Sampler) -> DataLoader | Handover:
        return loader(part, order, self.image_size, self.workers, self.trainer)

    def labels(self, name: str) -> torch.Tensor:
        """Labels (N,) of a part, "train", "val" or "test"; a set that decodes its images later need not do so for them."""
        return self.ready(name).labels

    def in_order(self, name: str, indices: np.ndarray | None = None) -> DataLoader | Handover:
        """Batches of a part's images without augmentation: all of them, or those at `indices`, in their order."""
        part = self.ready(name)
        how = {"transform": self.transform.evaluate, "seed": self.seed, "training": False}
        plain = Batches(part.images, part.all_labels, device=part.device, skipped=part.skipped, **how)
        indices = np.arange(len(plain)) if indices is None else indices
        order = Chosen(indices, batch_size=self.eval_batch_size)
        return self.batches(plain, order)

    def ready(self, name: str) -> Batches:
        """A part, loaded now if no stage has needed it so far."""
        if name not in self.parts:
            self.setup({"train": "fit", "val": "validate", "test": "test"}[name])
        if name not in self.parts:
            raise ValueError(f"train_on {self.train_on!r} keeps no images apart: there is no part {name!r}")
        return self.parts[name]
