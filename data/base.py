"""ImageData: from the labelled images of a set to its parts (train, val, test) and their loaders, for every set alike.

B batch, N images, S image size, C classes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from data import checkpoint_state
from data.batches.batches import Arrays, Batches, select
from data.batches.class_range import check_several, rows_out_of_range
from data.batches.loading import batch_device, make_loader, move_if_small, rank_of, training_position
from data.batches.order import FixedOrder, SequentialOrder, StepOrder
from data.batches.shared_memory import SharedMemoryLoader
from data.batches.splits import held_out
from data.before_training import check_before_training
from data.pictures.pictures import Pictures
from data.pictures.skipped import Skipped, on_any_device, skipped_groups
from data.pictures.without import Without
from data.transforms.resize import resized
from data.transforms.transform import Transform
from data.values import check

Loader = DataLoader | SharedMemoryLoader


class ImageData(L.LightningDataModule):
    """A set of labelled images. A subclass defines `num_classes` and `arrays`, and `multi_label` if images have several labels.

    train_on: "train" keeps `held_out` of the training split as the validation part and trains on `subset` of the rest
        (fractions or numbers of images, data.batches.splits); "all" trains on both and has no validation part.
        The test split is never part of either.
    batch_size: images of one optimizer step, over all devices and accumulated batches.
    augment, evaluation, resize: the transform (data.transforms.transform).
    workers: processes that load batches. They change no number; None takes what suits the machine.
    on_error: "raise" stops at a picture that cannot be decoded or has no valid class; "skip" leaves out as many as
        skip_limit, a fraction of each part, allows.
    without: a list of training images to leave out (data.pictures.without).
    """

    num_classes: int
    multi_label = False  # True where labels are int8 (N, C): which of the classes are in the image
    class_names: Sequence[str] | None = None  # of the labels, known once a part was read; None if they have none
    one_source = False  # True where all parts are split or generated from one source, so that no part can be missing

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
        self.skipped_at_setup: Counter[str] = Counter()  # split -> images that on_error "skip" left out of its arrays
        self.skipped_groups: set[tuple[str, str]] = set()  # (kind, name) of damaged archives and of empty classes

    def arrays(self, split: Literal["train", "test"]) -> Arrays:
        """Images uint8 (N, H, W) or (N, 3, H, W), or Pictures, and labels int64 (N,) of a split, in a fixed order.

        Further label tensors (N, ...) may follow, such as the sets of classes (N, C) that count as right. Labels of a
        multi-label set are int8 (N, C): 1 for a class in the image, 0 for another, -1 for one that is not judged there.
        """
        raise NotImplementedError

    def test_listing(self) -> Arrays:
        """`arrays("test")` for checks before training: pictures stay encoded, pixels need not be read."""
        return self.arrays("test")

    def check_test_part(self) -> str | None:
        """Before training: an error if the test part is wrong, or missing in a run that needs it; else a warning or None."""
        return None if self.one_source else check_before_training(self)

    def image_format(self) -> dict[str, str | int]:
        """How an evaluation makes the model's input from an image; weights and checkpoints state it."""
        return {
            "image_size": self.image_size,
            "evaluation": self.evaluation,
            "resize": self.resize,
            "pixels": "-1 to 1",
        }

    def setup(self, stage: str) -> None:
        """Loads the parts of the stage, once."""
        if stage in ("fit", "validate") and "train" not in self.parts:
            self.parts.update(self.training_parts())
        if stage == "test" and "test" not in self.parts:
            self.parts["test"] = self.make_part(*self.checked_arrays("test"))

    def training_parts(self) -> dict[str, Batches]:
        """The parts "train" and, unless all is trained on, "val"."""
        arrays = self.checked_arrays("train")
        length = len(arrays[1])
        if self.train_on == "all" and self.subset == 1:
            return {"train": self.make_part(*arrays, augmented=True)}
        kept, held = self.kept_and_held(length)
        if self.train_on == "all":
            return {"train": self.make_part(*arrays, chosen=np.union1d(kept, held), augmented=True)}
        return {
            "train": self.make_part(*arrays, chosen=kept, augmented=True),
            "val": self.make_part(*arrays, chosen=held),
        }

    def training_arrays(self) -> Arrays:
        """`arrays("train")` but for the images that `without` lists."""
        arrays = self.arrays("train")
        return arrays if self.without is None else select(self.without.kept(arrays[0]), *arrays)

    def checked_arrays(self, split: str) -> Arrays:
        """The arrays of a split, with valid labels."""
        return self.with_valid_labels(split, *(self.training_arrays() if split == "train" else self.arrays(split)))

    def with_valid_labels(self, split: str, images: torch.Tensor | Pictures, *labels: torch.Tensor) -> Arrays:
        """The images whose labels are classes. ValueError for others and for truncated archives, as on_error has it."""
        if isinstance(images, Pictures):
            self.skipped_groups |= skipped_groups(images, split, self.skip_limit)
        limit = self.skip_limit * len(labels[0]) if self.on_error == "skip" else 0
        name = f"{type(self).__name__}, {split}"
        if self.multi_label:
            check_several(labels[0], self.num_classes, name)
        invalid = rows_out_of_range(images, labels[0], self.num_classes, limit=limit, name=name)
        if not len(invalid):
            return images, *labels
        self.skipped_at_setup[split] += len(invalid)
        return select(np.delete(np.arange(len(labels[0])), invalid), images, *labels)

    def skipped_images(self) -> dict[str, int]:
        """Number of images that on_error "skip" left out, by part or split, over all devices; empty with "raise".

        A collective operation: with several devices, every process has to call it.
        """
        if self.on_error == "raise":
            return {}
        counts = Counter(
            {name: int(on_any_device(part.skipped.flags, self.trainer).sum()) for name, part in self.parts.items()}
        )
        counts += self.skipped_at_setup
        counts += Counter(kind for kind, _ in self.skipped_groups)
        return dict(counts) or {"train": 0}

    def state_dict(self) -> dict:
        return checkpoint_state.state_of(self.parts, self.image_format())

    def load_state_dict(self, state: dict) -> None:
        """ValueError if the checkpoint is of a model for other images."""
        checkpoint_state.restore(self.parts, self.image_format(), state)

    def kept_and_held(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Sorted indices (kept, held out) of the training split."""
        return held_out(length, self.held_out, self.split_seed, self.subset)

    def make_part(
        self,
        images: torch.Tensor | Pictures,
        *labels: torch.Tensor,
        chosen: np.ndarray | None = None,
        augmented: bool = False,
    ) -> Batches:
        """A part of the images at `chosen` indices (default: all)."""
        if chosen is not None:
            images, *labels = select(chosen, images, *labels)
        if not len(labels[0]):
            raise ValueError(f"{type(self).__name__}: a part has no images; change held_out or subset")
        device = batch_device(images, self.workers, self.trainer)
        if isinstance(images, torch.Tensor):
            images = images if images.ndim == 4 else images[:, None]
            images = resized(images, (self.image_size,) * 2) if self.resize == "once" else images
            images = move_if_small(images, device)
        return Batches(
            images,
            tuple(labels),
            transform=self.transform.augment if augmented else self.transform.evaluate,
            seed=self.seed,
            training=augmented,
            device=device,
            skipped=Skipped(len(labels[0]), self.skip_limit) if self.on_error == "skip" else None,
            in_parts=augmented and self.transform.in_parts,
        )

    def train_dataloader(self) -> Loader:
        """Endless; starts at the trainer's step, with this process's share of each batch."""
        part = self.parts["train"]
        position = training_position(self.trainer)
        return self.loader(part, StepOrder(length=len(part), batch_size=self.batch_size, seed=self.seed, **position))

    def val_dataloader(self) -> Loader | list:
        return [] if self.train_on == "all" else self.evaluation_loader("val")

    def test_dataloader(self) -> Loader:
        return self.evaluation_loader("test")

    def evaluation_loader(self, name: str) -> Loader:
        """Each image of a part once, whatever the number of devices."""
        part = self.parts[name]
        order = SequentialOrder(length=len(part), batch_size=self.eval_batch_size, **rank_of(self.trainer))
        return self.loader(part, order)

    def loader(self, part: Batches, order: Sampler) -> Loader:
        return make_loader(part, order, self.image_size, self.workers, self.trainer)

    def labels(self, name: str) -> torch.Tensor:
        """Labels (N,) of the part "train", "val" or "test"; no picture is decoded for them."""
        return self.loaded_part(name).labels

    def in_order(self, name: str, indices: np.ndarray | None = None) -> Loader:
        """Batches of a part without augmentation: all its images, or those at `indices`, in their order."""
        part = self.loaded_part(name)
        plain = Batches(
            part.images,
            part.all_labels,
            transform=self.transform.evaluate,
            seed=self.seed,
            training=False,
            device=part.device,
            skipped=part.skipped,
        )
        indices = np.arange(len(plain)) if indices is None else indices
        return self.loader(plain, FixedOrder(indices, batch_size=self.eval_batch_size))

    def loaded_part(self, name: str) -> Batches:
        """The part, set up now if no stage has done so yet."""
        if name not in self.parts:
            self.setup({"train": "fit", "val": "validate", "test": "test"}[name])
        if name not in self.parts:
            raise ValueError(f"train_on {self.train_on!r} holds no images out: there is no part {name!r}")
        return self.parts[name]
