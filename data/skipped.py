"""on_error: what becomes of a picture that cannot be read: an error that names it, or it is skipped, counted and told."""

import sys

import torch

from data.decode import Unreadable


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
