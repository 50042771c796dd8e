"""Batches from worker processes, through a ring of shared memory slots that are used again.

torch takes new shared memory for every batch: its pages cost a tenth of the decoding, and in a container they come out of a
/dev/shm of 64 MB, beyond which a process dies of a "bus error". B batch, S image size.
"""

import mmap
import re
import signal
import warnings
from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from data.batches.batches import Batches, scale_into

KILLED = re.compile(r"DataLoader worker \(pid")  # how torch's message begins where its signal handler sees the death
LOADER_KILLED = (
    "a data loading process was killed, probably because memory ran out;"
    " use fewer of them (VIT_WORKERS) and run the same command again"
)
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)  # a scheduler sends them to all of a job
AHEAD = 2  # batches that a worker may make before the first of them is asked for


class SharedMemoryLoader:
    """Yields what a DataLoader of the part with `workers` processes would, in the same order."""

    def __init__(self, part: Batches, order: Sampler, *, size: int, workers: int, pinned: bool):
        """order: a sampler of data.batches.order. size: S. pinned: images in memory that a GPU reads faster."""
        self.part, self.order, self.size, self.workers, self.pinned = part, order, size, workers, pinned

    def __len__(self):
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        # Images are copied out of their slot before the next batch is asked for: one slot more than batches in flight.
        slots = self.workers * AHEAD + 1
        shape = slots, self.order.loader_batch_size, 3, self.size, self.size
        memory = torch.frombuffer(mmap.mmap(-1, 4 * torch.Size(shape).numel()), dtype=torch.float32).view(shape)
        for slot, count, *labels in self.filled_slots(memory):
            images = memory[slot, :count]
            yield images.pin_memory() if self.pinned else images.clone(), *labels

    def filled_slots(self, memory: torch.Tensor) -> Iterator[tuple]:
        """(slot, B, labels, ...) of each batch. RuntimeError where a worker was killed."""
        with warnings.catch_warnings():  # the number of workers is the user's choice, or suits the machine
            warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
            batches = iter(
                DataLoader(
                    SlotWriter(self.part, memory),
                    sampler=SlotSampler(self.order, len(memory)),
                    batch_size=None,
                    num_workers=self.workers,
                    prefetch_factor=AHEAD,
                    worker_init_fn=ignore_signals,
                    multiprocessing_context="fork",  # a worker inherits what was mapped before it started
                )
            )
        try:
            yield from batches
        except (ConnectionError, EOFError, RuntimeError) as error:
            # torch raises any of these three when a worker dies, and a RuntimeError for much else
            if isinstance(error, RuntimeError) and not KILLED.match(str(error)):
                raise
            raise RuntimeError(LOADER_KILLED) from error


def ignore_signals(worker: int) -> None:
    """The trainer saves a checkpoint first and may need batches until then; workers end with its process."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


class SlotSampler(Sampler):
    """(slot, samples) for each batch of an order; slots take turns."""

    def __init__(self, order: Sampler, slots: int):
        self.order, self.slots = order, slots

    def __iter__(self):
        for turn, samples in enumerate(self.order):
            yield turn % self.slots, samples


class SlotWriter(Dataset):
    """(slot, samples) -> (slot, B, labels, ...); the images (B, 3, S, S) are written into the slot."""

    def __init__(self, part: Batches, memory: torch.Tensor):
        self.part, self.memory = part, memory

    def __getitem__(self, slot_and_samples):
        slot, samples = slot_and_samples
        pixels, labels = self.part.pixels(samples)
        scale_into(self.memory[slot, : len(pixels)], pixels)
        return slot, len(pixels), *labels
