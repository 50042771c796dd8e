"""Where batches are prepared, and by how many processes: what changes no number but their rounding."""

import os

import lightning as L
import torch
from torch.utils.data import DataLoader, Sampler

from data.batches.batches import CPU, Batches
from data.batches.shared_memory import SharedMemoryLoader
from data.fractals.rendered import Rendered
from data.pictures.pictures import Pictures

RESIDENT = 2**31  # bytes of images of a part that lie on the GPU as long as the run lasts
MOST_WORKERS = 16  # or as many as there are cores; each holds two batches that nobody has asked for yet


def root_device(trainer: L.Trainer | None) -> torch.device:
    """The model's."""
    return CPU if trainer is None else trainer.strategy.root_device


def batch_device(
    images: torch.Tensor | Pictures | Rendered, workers: int | None, trainer: L.Trainer | None
) -> torch.device:
    """On the trainer's GPU, unless the images have to be read or, by workers, drawn."""
    at_hand = isinstance(images, torch.Tensor) or (isinstance(images, Rendered) and not workers)
    root = root_device(trainer)
    return root if root.type == "cuda" and at_hand else CPU


def move_if_small(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """There, if they are few enough to stay."""
    return images.to(device) if images.nbytes <= RESIDENT else images


def worker_count(part: Batches, workers: int | None, trainer: L.Trainer | None) -> int:
    """`workers`, if that is no slip; where nothing is said, a GPU's images are read by this process's share of the cores."""
    if part.device != CPU:
        return 0
    if workers is not None:
        return min(workers, max(MOST_WORKERS, os.cpu_count()))
    if isinstance(part.images, torch.Tensor | Rendered) or root_device(trainer) == CPU:
        return 0
    return min(MOST_WORKERS, max(1, torch.get_num_threads() // trainer.num_devices))


def loader(
    part: Batches, order: Sampler, size: int, workers: int | None, trainer: L.Trainer | None
) -> DataLoader | SharedMemoryLoader:
    """order: one of data.order; size: of the images."""
    pinned = part.device == CPU and torch.cuda.is_available()
    workers = worker_count(part, workers, trainer)
    if workers:
        return SharedMemoryLoader(part, order, size=size, workers=workers, pinned=pinned)
    return DataLoader(part, sampler=order, batch_size=None, pin_memory=pinned)
