"""Pictures in archives, read in place."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.pictures.archives.index import Index, index_of
from data.pictures.archives.samples import UNSTATED
from data.pictures.archives.zips import inflated
from data.pictures.pictures import Pictures
from data.pictures.skipped import print_skipped

OPEN = 500  # archives that a process keeps open; others are opened for each read
LARGEST = 2**28  # bytes of one picture, unpacked


class Members(Pictures):
    """The pictures of some archives, or those at `rows` of their index, in the order of the archives."""

    def __init__(self, index: Index, rows: np.ndarray | None = None):
        self.index, self.rows = index, np.arange(len(index.rows)) if rows is None else rows
        self.handles: dict[int, int] = {}

    def __reduce__(self):  # without the handles, which are of this process
        return Members, (self.index, self.rows)

    def __del__(self):
        for handle in self.handles.values():
            os.close(handle)

    def __len__(self):
        return len(self.rows)

    @property
    def damage(self):
        return self.index.damage

    @property
    def lost(self):
        return self.index.lost

    @property
    def classes(self) -> np.ndarray:
        """int64 (N,): the class that a WebDataset sample states, -1 if none."""
        return np.where(self.stated, self.index.rows["class"][self.rows], -1)

    @property
    def stated(self) -> np.ndarray:
        """bool (N,): does a WebDataset sample state the class?"""
        return np.asarray(self.index.rows["class"][self.rows] != UNSTATED)

    @property
    def folders(self) -> np.ndarray:
        """int32 (N,): indices into `index.folders`."""
        return np.asarray(self.index.rows["folder"][self.rows])

    @property
    def archives(self) -> np.ndarray:
        """int32 (N,): indices into `index.archives`."""
        return np.asarray(self.index.rows["archive"][self.rows])

    def inside(self, index: int) -> str:
        """The path in the archive."""
        row = int(self.rows[index])
        folder, name = self.index.folders[self.index.rows[row]["folder"]], self.index.name(row)
        return f"{folder}/{name}" if folder else name

    def name(self, index):
        return f"{self.index.archives[self.index.rows[self.rows[index]]['archive']]}: {self.inside(index)}"

    def encoded(self, index):
        row = self.index.rows[self.rows[index]]
        data = self.read(int(row["archive"]), int(row["offset"]), int(row["size"]))
        if len(data) < row["size"]:
            raise ValueError("the archive is truncated before its end")
        return inflated(data, LARGEST) if row["method"] else data

    def read(self, archive: int, offset: int, size: int) -> bytes:
        if archive in self.handles:
            return os.pread(self.handles[archive], size, offset)
        handle = os.open(self.index.archives[archive], os.O_RDONLY)
        # setdefault: of several threads that have opened the archive, one keeps its handle and the others close theirs
        if len(self.handles) < OPEN and self.handles.setdefault(archive, handle) == handle:
            return os.pread(handle, size, offset)
        try:
            return os.pread(handle, size, offset)
        finally:
            os.close(handle)

    def select(self, indices):
        chosen = Members(self.index, self.rows[np.asarray(indices)])
        chosen.empty = self.empty
        return chosen

    def stamps(self):
        yield self.index.path.name  # ends with a digest of the archives
        yield hashlib.sha256(np.ascontiguousarray(self.rows)).hexdigest()


def open_archives(archives: Sequence[Path], on_error: str = "raise") -> Members:
    """All pictures in these tars and zips. ValueError for a truncated archive; with on_error "skip" it is printed."""
    index = index_of(archives)
    if index.damage and on_error == "raise":
        raise ValueError(index.damage[0])
    for line in index.damage:
        print_skipped(line)
    return Members(index)
