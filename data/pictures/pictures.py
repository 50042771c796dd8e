"""Encoded pictures that behave like a tensor of images: decoded when they are asked for."""

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from data.pictures.decode import decoded, dimensions, unreadable


class Pictures:
    """`pictures[indices]` is a list of uint8 (3, H, W). A subclass says how many there are, and of each name and bytes.

    In an `ImageData` they may stand wherever a tensor of images may.
    """

    damage: Sequence[str] = ()  # what is wrong with the archives they lie in, a line each
    lost: float = 0  # the share of those archives that is known to be missing
    empty: Sequence[str] = ()  # classes that have no pictures, where on_error "skip" goes without

    def __len__(self) -> int:
        raise NotImplementedError

    def name(self, index: int) -> str:
        """What a person finds the picture by."""
        raise NotImplementedError

    def encoded(self, index: int) -> bytes:
        """The picture as it lies on the disk. OSError or ValueError where it cannot be had."""
        raise NotImplementedError

    def select(self, indices: Sequence[int]) -> "Pictures":
        """Those, in that order."""
        raise NotImplementedError

    def stamps(self) -> Iterable[str]:
        """A text for each, or for all of them, that changes when a picture does."""
        raise NotImplementedError

    def picture(self, index: int) -> torch.Tensor:
        """uint8 (3, H, W). Unreadable if it is not what it should be."""
        return decoded(self.bytes_of(index), self.name(index))

    def dimensions(self, index: int) -> tuple[int, int]:
        """(H, W) of one."""
        return dimensions(self.bytes_of(index), self.name(index))

    def bytes_of(self, index: int) -> bytes:
        try:
            return self.encoded(index)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise unreadable(self.name(index), why) from error

    def __getitem__(self, indices: Sequence[int]) -> list[torch.Tensor]:
        return [self.picture(int(index)) for index in indices]


class Files(Pictures):
    """A file a picture."""

    def __init__(self, files: Sequence[Path | str], root: Path):
        """root: a folder above all of them; names are counted from there where pictures are compared."""
        self.root = str(root)
        self.files = np.array([os.fsencode(path) for path in files], dtype=np.bytes_)  # a quarter of what str takes

    def __len__(self):
        return len(self.files)

    def name(self, index):
        return os.fsdecode(self.files[index])

    def encoded(self, index):
        with open(self.files[index], "rb", opener=without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("it is a pipe, a socket or a device")
            return file.read()

    def select(self, indices):
        chosen = type(self)([], Path(self.root))
        chosen.files, chosen.empty = self.files[np.asarray(indices)], self.empty
        return chosen

    def absent(self) -> list[str]:
        """Names of those that their folders do not list: each folder is listed once, no file is opened."""
        entries: dict[bytes, set[bytes]] = {}
        for folder in {os.path.dirname(path) for path in self.files}:
            with suppress(OSError):  # a folder that is not there lists nothing
                entries[folder] = set(os.listdir(folder))
        split = (os.path.split(path) for path in self.files)
        return [self.name(row) for row, (folder, name) in enumerate(split) if name not in entries.get(folder, ())]

    def stamps(self):
        for path in self.files:
            try:
                state = os.stat(path)
                stamp = f"{state.st_size} {state.st_mtime_ns}"
            except OSError as error:  # a link to nothing, or to itself: whoever reads it says so
                stamp = error.strerror
            yield f"{os.path.relpath(os.fsdecode(path), self.root)} {stamp}"


def without_waiting(path: bytes, flags: int) -> int:
    """Opens a file; a pipe would wait for a writer for ever."""
    return os.open(path, flags | os.O_NONBLOCK)
