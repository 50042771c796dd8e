"""Batches from loader processes, handed over through memory that is used again.

torch takes new shared memory for every batch: its pages cost a tenth of the decoding, and in a container they come out of a
/dev/shm of 64 MB, beyond which a process dies of a "bus error". R rooms, B batch, S image size.
"""

import mmap
import re
import signal
import warnings
from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from data.batches.batches import Batches, scaled

KILLED = re.compile(r"DataLoader worker \(pid")  # how torch begins to tell of it, if it is told itself
LOADER_KILLED = (
    "one of the processes that load data was killed, perhaps as memory ran out;"
    " take fewer (VIT_WORKERS) and give the same command again"
)
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)  # a scheduler sends them to all of a job
AHEAD = 2  # batches that a process may prepare before the first of them is asked for


class SharedMemoryLoader:
    """Batches of a part, prepared by `workers` processes: what a DataLoader of them would give, in the same order."""

    def __init__(self, part: Batches, order: Sampler, *, size: int, workers: int, pinned: bool):
        """order: one of data.order. size: S. pinned: images come in memory that a GPU reads faster."""
        self.part, self.order, self.size, self.workers, self.pinned = part, order, size, workers, pinned

    def __len__(self):
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        """Images have left their room when the next batch is asked for; one room more than batches on their way is enough."""
        rooms = self.workers * AHEAD + 1
        shape = rooms, self.order.largest, 3, self.size, self.size
        memory = torch.frombuffer(mmap.mmap(-1, 4 * torch.Size(shape).numel()), dtype=torch.float32).view(shape)
        for room, count, *labels in self.written(memory):
            images = memory[room, :count]
            yield images.pin_memory() if self.pinned else images.clone(), *labels

    def written(self, memory: torch.Tensor) -> Iterator[tuple]:
        """(room, B, labels, ...) of each batch. RuntimeError, in one line, where a process was killed."""
        with warnings.catch_warnings():  # how many there are was somebody's wish, or suits the machine
            warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
            batches = iter(
                DataLoader(
                    Written(self.part, memory),
                    sampler=InTurn(self.order, len(memory)),
                    batch_size=None,
                    num_workers=self.workers,
                    prefetch_factor=AHEAD,
                    worker_init_fn=left_to_the_trainer,
                    multiprocessing_context="fork",  # a process sees what was mapped before it began
                )
            )
        try:
            yield from batches
        except (ConnectionError, EOFError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not KILLED.match(str(error)):
                raise
            raise RuntimeError(LOADER_KILLED) from error


def left_to_the_trainer(worker: int) -> None:
    """It saves first, and needs batches for that; this process ends with it."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


class InTurn(Sampler):
    """(room, place) for each place of an order; rooms take turns."""

    def __init__(self, order: Sampler, rooms: int):
        self.order, self.rooms = order, rooms

    def __iter__(self):
        for turn, place in enumerate(self.order):
            yield turn % self.rooms, place


class Written(Dataset):
    """(room, place) -> (room, B, labels, ...); the images (B, 3, S, S) are in the memory's room."""

    def __init__(self, part: Batches, memory: torch.Tensor):
        self.part, self.memory = part, memory

    def __getitem__(self, where):
        room, place = where
        pixels, labels = self.part.pixels(place)
        scaled(pixels, self.memory[room, : len(pixels)])
        return room, len(pixels), *labels
