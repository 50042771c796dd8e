"""Encoded pictures that are indexed like a tensor of images and decoded on access."""

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from data.pictures.decode import decoded, dimensions, unreadable
from data.pictures.undecoded import Undecoded


class Pictures:
    """`pictures[indices]` is a list of uint8 (3, H, W); an `ImageData` takes them wherever it takes a tensor of images.

    A subclass defines the methods that raise NotImplementedError.
    """

    damage: Sequence[str] = ()  # what is wrong with the archives of the pictures, a line each
    lost: float = 0  # the fraction of those archives that is known to be missing
    empty: Sequence[str] = ()  # classes without pictures, which only on_error "skip" allows

    def __len__(self) -> int:
        raise NotImplementedError

    def name(self, index: int) -> str:
        """The path of a picture, for messages."""
        raise NotImplementedError

    def encoded(self, index: int) -> bytes:
        """The encoded bytes. OSError or ValueError if they cannot be read."""
        raise NotImplementedError

    def select(self, indices: Sequence[int]) -> "Pictures":
        """The pictures at these indices, in their order."""
        raise NotImplementedError

    def stamps(self) -> Iterable[str]:
        """Texts of which at least one changes when a picture is changed, added or removed."""
        raise NotImplementedError

    def picture(self, index: int) -> torch.Tensor:
        """uint8 (3, H, W), or Unreadable."""
        return decoded(self.bytes_of(index), self.name(index))

    def undecoded(self, index: int) -> Undecoded | torch.Tensor:
        """What is sliced like `picture(index)`, and decodes no more than the slice where that is possible; or Unreadable."""
        return Undecoded(self.bytes_of(index), self.name(index))

    def dimensions(self, index: int) -> tuple[int, int]:
        """(H, W), or Unreadable."""
        return dimensions(self.bytes_of(index), self.name(index))

    def bytes_of(self, index: int) -> bytes:
        try:
            return self.encoded(index)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise unreadable(self.name(index), reason) from error

    def __getitem__(self, indices: Sequence[int]) -> list[torch.Tensor]:
        return [self.picture(int(index)) for index in indices]


class Files(Pictures):
    """Pictures in files of their own."""

    def __init__(self, files: Sequence[Path | str], root: Path):
        """root: a folder above all files; stamps hold the paths relative to it, so that a moved set keeps its stamps."""
        self.root = str(root)
        self.files = np.array([os.fsencode(path) for path in files], dtype=np.bytes_)  # a quarter of the memory of str

    def __len__(self):
        return len(self.files)

    def name(self, index):
        return os.fsdecode(self.files[index])

    def encoded(self, index):
        with open(self.files[index], "rb", opener=open_without_blocking) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("it is a pipe, a socket or a device")
            return file.read()

    def select(self, indices):
        chosen = type(self)([], Path(self.root))
        chosen.files, chosen.empty = self.files[np.asarray(indices)], self.empty
        return chosen

    def absent(self) -> list[str]:
        """Names of missing files. Each folder is listed once and no file is opened."""
        entries: dict[bytes, set[bytes]] = {}
        for folder in {os.path.dirname(path) for path in self.files}:
            with suppress(OSError):  # a missing folder: all its files are absent
                entries[folder] = set(os.listdir(folder))
        paths = (os.path.split(path) for path in self.files)
        return [self.name(row) for row, (folder, name) in enumerate(paths) if name not in entries.get(folder, ())]

    def stamps(self):
        for path in self.files:
            try:
                status = os.stat(path)
                stamp = f"{status.st_size} {status.st_mtime_ns}"
            except OSError as error:  # a dangling or circular link: reading the picture reports it
                stamp = error.strerror
            yield f"{os.path.relpath(os.fsdecode(path), self.root)} {stamp}"


def open_without_blocking(path: bytes, flags: int) -> int:
    # Without O_NONBLOCK, opening a pipe waits for a writer for ever.
    return os.open(path, flags | os.O_NONBLOCK)
