"""on_error "skip": pictures that cannot be read are left out, counted and printed; too many of them are an error."""

import sys

import torch

from data.pictures.decode import Unreadable
from data.pictures.pictures import Pictures

PRINTED: set[str] = set()  # lines of this process


def print_once(line: str) -> None:
    """To stderr, once in a process: parts and stages may meet the same cause again."""
    if line not in PRINTED:
        PRINTED.add(line)
        print(line, file=sys.stderr, flush=True)


def print_skipped(line: str) -> None:
    print_once(f"skipped: {line}")


def skipped_groups(pictures: Pictures, split: str, limit: float) -> set[tuple[str, str]]:
    """(kind, name) of what these pictures of a split lack as a whole: damaged archives, and classes without pictures.

    ValueError for a damaged archive of the test split, and if more than the fraction `limit` of the archives is lost.
    """
    if pictures.damage and split == "test":  # nobody knows of how many pictures its result would be
        raise ValueError(f"{pictures.damage[0]}; an incomplete test split is not evaluated, even with on_error 'skip'")
    if pictures.lost > limit:
        raise ValueError(f"{pictures.damage[0]} (at least {pictures.lost:.2%} is lost, skip_limit allows {limit:.2%})")
    return {("damaged archives", line) for line in pictures.damage} | {
        ("empty classes", name) for name in pictures.empty
    }


def on_any_device(flags: torch.Tensor, trainer) -> torch.Tensor:
    """Flags (N,) that are set on any of the trainer's devices. A collective operation."""
    if trainer is None or trainer.world_size == 1:
        return flags
    return trainer.strategy.reduce(flags.int().to(trainer.strategy.root_device), reduce_op="max").cpu()


class Skipped:
    """Flags of the images of a part that were skipped, shared by the processes that load it.

    In training the next readable image of the part replaces a skipped one, so that a batch remains a pure function of
    its position; in an evaluation the image is left out.
    """

    def __init__(self, length: int, limit: float):
        """limit: the fraction of `length` that may be skipped."""
        self.flags, self.most = torch.zeros(length, dtype=torch.bool).share_memory_(), int(limit * length)

    def __len__(self):
        return int(self.flags.sum())

    def add(self, index: int, error: Unreadable) -> None:
        """Unreadable if more images are skipped than the limit allows."""
        if not self.flags[index]:
            self.flags[index] = True
            print(f"skipped: {error}", file=sys.stderr, flush=True)
        if len(self) > self.most:
            raise Unreadable(f"{error} (skip_limit allows {self.most:,} of {len(self.flags):,} to be skipped)")
