"""On which device batches are transformed, and by how many processes: nothing that changes numbers beyond rounding."""

import os

import lightning as L
import torch
from torch.utils.data import DataLoader, Sampler

from data.batches.batches import CPU, Batches
from data.batches.shared_memory import SharedMemoryLoader
from data.fractals.rendered import Rendered
from data.pictures.pictures import Pictures

RESIDENT = 2**31  # bytes of a part's images that may stay on the GPU for the whole run
MOST_WORKERS = 16  # or the number of cores if larger, against typing errors; each worker holds two batches in advance


def root_device(trainer: L.Trainer | None) -> torch.device:
    return CPU if trainer is None else trainer.strategy.root_device


def rank_of(trainer: L.Trainer | None) -> dict[str, int]:
    """Arguments of SequentialOrder; those of a single process without a trainer."""
    return {} if trainer is None else {"rank": trainer.global_rank, "world_size": trainer.world_size}


def training_position(trainer: L.Trainer | None) -> dict[str, int]:
    """Arguments of StepOrder: where the trainer is in the endless order."""
    if trainer is None:
        return {}
    return {
        "start": trainer.global_step,
        "micro_batches": trainer.accumulate_grad_batches,
        **rank_of(trainer),
    }


def batch_device(
    images: torch.Tensor | Pictures | Rendered, workers: int | None, trainer: L.Trainer | None
) -> torch.device:
    """The trainer's GPU; the CPU for pictures, which have to be decoded, and for fractals that workers render."""
    in_memory = isinstance(images, torch.Tensor) or (isinstance(images, Rendered) and not workers)
    root = root_device(trainer)
    # Only CUDA: Apple's MPS has no float64, which the resizing rules use.
    return root if root.type == "cuda" and in_memory else CPU


def move_if_small(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    return images.to(device) if images.nbytes <= RESIDENT else images


def worker_count(part: Batches, workers: int | None, trainer: L.Trainer | None) -> int:
    """Processes that load the part: `workers`, capped; None gives a GPU's pictures this process's share of the cores."""
    if part.device != CPU:
        return 0
    if workers is not None:
        return min(workers, max(MOST_WORKERS, os.cpu_count()))
    if isinstance(part.images, torch.Tensor | Rendered) or root_device(trainer) == CPU:
        return 0  # nothing to decode, or the model needs the cores itself
    return min(MOST_WORKERS, max(1, torch.get_num_threads() // trainer.num_devices))


def make_loader(
    part: Batches, order: Sampler, size: int, workers: int | None, trainer: L.Trainer | None
) -> DataLoader | SharedMemoryLoader:
    """order: a sampler of data.batches.order. size: of the images."""
    pinned = part.device == CPU and torch.cuda.is_available()
    workers = worker_count(part, workers, trainer)
    if workers:
        return SharedMemoryLoader(part, order, size=size, workers=workers, pinned=pinned)
    return DataLoader(part, sampler=order, batch_size=None, pin_memory=pinned)
