"""Gradient accumulation: batch_size = devices x micro-batches x images that fit into memory at a time."""

import math
from collections.abc import Callable

import torch
from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import nn

from data.disk.room import format_bytes, free_memory
from vit.errors import UserError
from vit.models.memory import kept_bytes
from vit.record import device_name
from vit.run.env import env_whole_number
from vit.run.recompute import is_asked_for as recomputes
from vit.run.slots import parallel_jobs

# Peak memory as a multiple of what the backward pass saves; 0.5 to 1.2 were measured for models of each kind.
PEAK_FACTOR = 1.5
COPIES_OF_PARAMETERS = 3  # besides the parameters: their gradients and Adam's two moments


class MicroBatch(Callback):
    """Micro-batches of a number of images that the recipe states (`micro_batch`), not of as many as fit into memory."""

    def __init__(self, images: int):
        self.images = images

    def setup(self, trainer, module, stage):
        if stage == "fit":  # here too, for a training by LightningCLI outside of a run's folder
            images = images_per_device(trainer.datamodule.batch_size, trainer.world_size)
            trainer.accumulate_grad_batches = self.count(images, trainer.world_size)

    def count(self, images: int, devices: int) -> int:
        """Micro-batches of an update's images on each device. UserError if they would be unequal, or larger than VIT_MICRO_BATCH."""
        if images % self.images:
            raise UserError(
                f"micro_batch: {images} images of an update on each of {devices} device(s) are not divisible by {self.images};"
                " change the recipe's value or the number of devices"
            )
        largest = env_whole_number("VIT_MICRO_BATCH", minimum=1)
        if largest and largest < self.images:
            raise UserError(
                f"micro_batch: the recipe states micro-batches of {self.images} images, but VIT_MICRO_BATCH allows {largest};"
                " unset it (MICRO_BATCH of make)"
            )
        return images // self.images


def stated_micro_batch(trainer: Trainer) -> MicroBatch | None:
    """The callback, if the run's recipe states a micro-batch."""
    return next((callback for callback in trainer.callbacks if isinstance(callback, MicroBatch)), None)


def micro_batches_for(
    trainer: Trainer,
    task: LightningModule,
    data: LightningDataModule,
    *,
    saved: int | None,
    minimum: int,
    log: Callable[[str], None],
) -> int:
    """The number of micro-batches per update and device: what the recipe states, else as few as fit into memory.

    VIT_MICRO_BATCH sets the largest number of images of a micro-batch. Without it a resumed run takes the number `saved`
    in its checkpoint; on a CPU the memory is estimated; on a GPU it is tried, with `minimum` from the last failure.
    """
    together = getattr(task, "images_together", 1)
    images = images_per_device(data.batch_size, trainer.world_size, together)
    if stated := stated_micro_batch(trainer):
        return stated.count(images, trainer.world_size)
    if largest := env_whole_number("VIT_MICRO_BATCH", minimum=1):
        return smallest_divisor(images, math.ceil(images / largest), together)
    if (
        saved and images % (saved * together) == 0 and saved >= minimum
    ):  # another number would change the rounding of gradients
        return saved
    if trainer.strategy.root_device.type == "cpu" and (free := free_bytes()) is not None:
        free = max(0, free - COPIES_OF_PARAMETERS * sum(parameter.nbytes for parameter in task.model.parameters()))
        needed = PEAK_FACTOR * bytes_per_image(task.model, data.image_size)
        count = smallest_divisor(images, max(minimum, micro_batches_that_fit(images, needed, free)), together)
        if count > minimum:
            log(
                f"using micro-batches of {images // count} images: a batch of {images} needs about"
                f" {format_bytes(round(images * needed))} of memory, and {format_bytes(round(free))} are free"
            )
        return count
    return smallest_divisor(images, minimum, together)


def images_per_device(batch_size: int, devices: int, together: int = 1) -> int:
    """Images of one update on each device; UserError if the batch is not divisible by the number of devices.

    together: images that stay on one device.
    """
    if batch_size % (devices * together):
        pairs = f", {together} images of each together, as mixup and CutMix need them" if together > 1 else ""
        raise UserError(
            f"a batch of {batch_size} images is not divisible by {devices} devices{pairs}; change the number of devices"
            " (VIT_DEVICES, or the launcher's processes)"
        )
    return batch_size // devices


def smallest_divisor(images: int, minimum: int, together: int = 1) -> int:
    """The smallest number of equal parts of `images` that is at least `minimum`.

    together: a part has a multiple of so many images; UserError if it would have fewer.
    """
    most = images // together
    if minimum > most:
        raise UserError(
            f"a micro-batch of fewer than {together} images would be needed, but mixup and CutMix mix {together} images of one;"
            f" set VIT_MICRO_BATCH={together} or leave it out, or take a smaller model or a device with more memory"
        )
    return next(divisor for divisor in range(minimum, most + 1) if most % divisor == 0)


def micro_batches_that_fit(images: int, needed: float, free: float) -> int:
    """needed: bytes per image; free: bytes. UserError if not even one image fits."""
    if needed > free:
        raise UserError(
            f"one image needs about {format_bytes(round(needed))} of memory, and {format_bytes(round(free))} are free;"
            " take a smaller model or image size, stop other processes, or set VIT_MICRO_BATCH=1 to try nevertheless"
        )
    return math.ceil(images / min(images, free // needed))


def bytes_per_image(model: nn.Module, image_size: int) -> int:
    """Bytes that a training step keeps of one image for the backward pass, without the parameters."""
    kept = kept_bytes(model, torch.zeros(1, 3, image_size, image_size))
    return kept.recomputed if recomputes() else kept.usual


def free_bytes() -> int | None:
    """This process's share of the free memory, or None if the system does not tell."""
    free = free_memory()
    return None if free is None else free // parallel_jobs()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on a GPU or in main memory."""
    # torch's CPU allocator raises a plain RuntimeError that has its name in the message
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def after_out_of_memory(trainer: Trainer, data: LightningDataModule) -> tuple[int, str]:
    """(minimum of micro-batches for the next attempt, a line about it), after an update has run out of memory.

    UserError if micro-batches cannot be smaller, if the recipe or the user set their size, or with several devices: only
    one of them has failed, and the others still wait for it.
    """
    count, images = trainer.accumulate_grad_batches, images_per_device(data.batch_size, trainer.world_size)
    size = images // count
    if size == 1:
        raise UserError(
            f"micro-batches of 1 image do not fit into the memory of {device_name()}; take a smaller model or image size, or a device with more memory"
        )
    if stated_micro_batch(trainer):
        raise UserError(
            f"micro-batches of {size} images do not fit into the memory of {device_name()}; lower micro_batch in the experiment"
            " or the recipe, or take a device with more memory"
        )
    smaller = images // smallest_divisor(images, 2 * count)
    if env_whole_number("VIT_MICRO_BATCH", minimum=1) or trainer.world_size > 1:
        raise UserError(
            f"micro-batches of {size} images do not fit into the memory of {device_name()}; run the same command again with VIT_MICRO_BATCH={smaller}"
        )
    return (
        images // smaller,
        f"micro-batches of {size} images do not fit into the memory of {device_name()}; trying {smaller}",
    )
