"""A global batch in parts that fit: batch_size = devices x micro-batch x pieces, and gradients of the pieces add up."""

import math

import torch

from data.disk.room import free_memory
from vit.errors import UserError
from vit.record import device_name
from vit.run.machine import concurrent_processes
from vit.run.processes import positive

BESIDES = 1.5  # the peak as a multiple of what the backward pass keeps; 0.5 to 1.2 were measured on models of each kind
PER_PARAMETER = 3  # numbers besides the parameter itself: its gradient, and Adam's two moments


def pieces_for(trainer, task, data, *, saved, least, tell):
    """Micro-batches that an update takes on each device; the fewest that fit into memory, as far as one can know.

    VIT_MICRO_BATCH is the largest micro-batch allowed, in images. Without it a run that goes on takes as many pieces as
    before (`saved`), since another number changes the rounding; on a CPU the need is estimated, on a GPU it is tried:
    `least` is what the last try has taught.
    """
    share = share_of(data.batch_size, trainer.world_size)
    if wanted := positive("VIT_MICRO_BATCH"):
        return fewest(share, math.ceil(share / wanted))
    if saved and share % saved == 0 and saved >= least:
        return saved
    if trainer.strategy.root_device.type == "cpu" and (free := free_bytes()) is not None:
        free = max(0, free - PER_PARAMETER * sum(parameter.nbytes for parameter in task.model.parameters()))
        needed = BESIDES * bytes_per_image(task.model, data.image_size)
        pieces = fewest(share, max(least, pieces_that_fit(share, needed, free)))
        if pieces > least:
            tell(
                f"micro-batches of {share // pieces} images: {share} need about {size(share * needed)}, {size(free)} are free"
            )
        return pieces
    return fewest(share, least)


def share_of(batch_size, devices):
    """Images of one update on each device."""
    if batch_size % devices:
        told = f"a batch of {batch_size} images does not divide into {devices} devices"
        raise UserError(f"{told}; start a number of processes that divides it (VIT_DEVICES, or the launcher's own)")
    return batch_size // devices


def fewest(share, least):
    """The smallest number of equal pieces that is at least `least`."""
    return next(pieces for pieces in range(least, share + 1) if share % pieces == 0)


def pieces_that_fit(share, needed, free):
    """`needed` bytes an image; UserError where not even one fits."""
    if needed > free:
        raise UserError(
            f"one image needs about {size(needed)} of memory and {size(free)} are free; take a smaller model or image"
            " size, or stop what else runs here (VIT_MICRO_BATCH=1 tries nevertheless)"
        )
    return math.ceil(share / min(share, free // needed))


def bytes_per_image(model, image_size):
    """What the backward pass of one image keeps besides the parameters, counted while the forward pass goes by."""
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.random.fork_rng(devices=[]), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(torch.zeros(1, 3, image_size, image_size)).sum()
    return sum(count for place, count in kept.items() if place not in own)


def free_bytes():
    """Memory that this process may still take, or None where the system does not say."""
    free = free_memory()
    return None if free is None else free // concurrent_processes()


def size(count):
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"


def is_out_of_memory(error):
    """Did an allocation fail, on a GPU or in the process's own memory?"""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def next_try(trainer, data):
    """How many pieces to take at least after an update in `accumulate_grad_batches` of them has not fitted."""
    pieces, share = trainer.accumulate_grad_batches, share_of(data.batch_size, trainer.world_size)
    told = f"micro-batches of {share // pieces} images do not fit into the memory of {device_name()}"
    if pieces == share:
        raise UserError(f"{told}; take a smaller model or image size, or a device with more memory")
    smaller = share // fewest(share, 2 * pieces)
    if positive("VIT_MICRO_BATCH") or trainer.world_size > 1:
        raise UserError(f"{told}; give the same command again with VIT_MICRO_BATCH={smaller}")
    return share // smaller, f"{told}; trying {smaller}"
