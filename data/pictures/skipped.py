"""on_error: what becomes of a picture that cannot be read: an error that names it, or it is skipped, counted and told."""

import sys

import torch

from data.pictures.decode import Unreadable
from data.pictures.pictures import Pictures

PRINTED: set[str] = set()  # lines that this process has said


def print_once(line: str) -> None:
    """Once in a process, however often its cause is met."""
    if line not in PRINTED:
        PRINTED.add(line)
        print(line, file=sys.stderr, flush=True)


def print_skipped(line: str) -> None:
    """Of something that is gone without."""
    print_once(f"skipped: {line}")


def skipped_groups(pictures: Pictures, split: str, limit: float) -> set[tuple[str, str]]:
    """(kind, which) of all that these pictures of a split do without: archives in part, and classes.

    ValueError for a test split that lies in an archive that is cut short, since nobody knows of how much a result would be
    then, and where more than the share `limit` of the training archives is known to be lost.
    """
    if pictures.damage and split == "test":
        raise ValueError(f"{pictures.damage[0]}, for nothing is tested on a part of a test split")
    if pictures.lost > limit:
        raise ValueError(f"{pictures.damage[0]} ({pictures.lost:.2%} at least is lost, skip_limit allows {limit:.2%})")
    return {("damaged archives", line) for line in pictures.damage} | {("empty classes", one) for one in pictures.empty}


def on_any_device(flags: torch.Tensor, trainer) -> torch.Tensor:
    """Flags (N,) that are set on this or on another of the trainer's devices, if there is a trainer."""
    if trainer is None or trainer.world_size == 1:
        return flags
    return trainer.strategy.reduce(flags.int().to(trainer.strategy.root_device), reduce_op="max").cpu()


class Skipped:
    """Which images of a part were skipped, whoever met them: the processes that load it share this.

    In training the next readable image of the part stands in, so that a batch stays a pure function of its place; in an
    evaluation the image is left out.
    """

    def __init__(self, length: int, limit: float):
        """limit: how many images may be skipped, as a share of `length`."""
        self.flags, self.most = torch.zeros(length, dtype=torch.bool).share_memory_(), int(limit * length)

    def __len__(self):
        return int(self.flags.sum())

    def add(self, index: int, error: Unreadable) -> None:
        """Unreadable itself is raised again where too many were skipped."""
        if not self.flags[index]:
            self.flags[index] = True
            print(f"skipped: {error}", file=sys.stderr, flush=True)
        if len(self) > self.most:
            raise Unreadable(f"{error} (skip_limit allows {self.most:,} of {len(self.flags):,} to be skipped)")
