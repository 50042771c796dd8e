"""The index of a list of archives: the position of each picture; built once, then opened as memory maps.

N pictures. The name of an index holds a digest of its archives' paths, sizes and times, so a changed archive gets another.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data.disk.folder import data_folder
from data.disk.lock import locked
from data.disk.replace import replacing
from data.pictures.archives.listing import Listing, listing

FORMAT = 3  # part of an index's name; raise it when a correction changes what is listed
ROW = np.dtype(
    [
        ("archive", "i4"),
        ("folder", "i4"),
        ("offset", "i8"),
        ("size", "i8"),
        ("class", "i8"),
        ("name", "i8"),
        ("method", "u1"),
    ]
)  # archive, folder: indices into `archives`, `folders`; name: the end of the file's name in the file "names"


class Index:
    """rows: memory map (N,) of ROW. folders: paths in the archives. damage: a line for each damaged archive.

    lost: the fraction of the archives' bytes that is known to be missing, a lower bound.
    """

    def __init__(self, path: Path, archives: Sequence[Path]):
        self.path, self.archives = path, [str(archive) for archive in archives]
        about = json.loads((path / "about.json").read_text())
        self.folders, self.damage, self.lost = about["folders"], about["damage"], about["lost"]
        self.rows = np.load(path / "rows.npy", mmap_mode="r")
        self.names = np.memmap(path / "names", np.uint8, mode="r") if len(self.rows) else np.empty(0, np.uint8)

    def __reduce__(self):  # another process opens the index itself, instead of receiving a copy
        return Index, (self.path, self.archives)

    def name(self, row: int) -> str:
        start = self.rows[row - 1]["name"] if row else 0
        return bytes(self.names[start : self.rows[row]["name"]]).decode(errors="replace")


def index_of(archives: Sequence[Path]) -> Index:
    """Opens the index, which is built if it does not exist. ValueError or FileNotFoundError for what is no archive."""
    if missing := [path for path in archives if not path.is_file()]:
        raise FileNotFoundError(f"{missing[0]}: no such file")
    path = data_folder() / "indexes" / f"{archives[0].stem}-{digest(archives)}"
    if not (path / "about.json").exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path):
            if not (path / "about.json").exists():  # another process may have been faster
                build(archives, path)
    return Index(path, archives)


def digest(archives: Sequence[Path]) -> str:
    stamp = hashlib.sha256(f"{FORMAT}\n".encode())
    for path in archives:
        state = os.stat(path)
        line = f"{os.path.relpath(path, data_folder())} {state.st_size} {state.st_mtime_ns}\n"
        stamp.update(line.encode(errors="surrogateescape"))
    return stamp.hexdigest()[:10]


def build(archives: Sequence[Path], path: Path) -> None:
    """In a temporary folder, then renamed: presence means finished. An error leaves no files."""
    with replacing(path, locked=True) as part:
        shutil.rmtree(part, ignore_errors=True)  # of a killed process
        part.mkdir()
        write(archives, part)


def write(archives: Sequence[Path], part: Path) -> None:
    folders, blocks, damage, end, lost, size = {}, [], [], 0, 0, 0
    with open(part / "names", "wb") as names:
        for number, path in enumerate(tqdm(archives, desc="indexing", unit="archive", disable=not sys.stderr.isatty())):
            contents = listing(path)
            block, end = rows_of(contents, number, folders, names, end)
            blocks.append(block)
            damage += [contents.damage] if contents.damage else []
            lost, size = lost + contents.lost, size + contents.bytes
    np.save(part / "rows.npy", np.concatenate(blocks))
    about = {"folders": list(folders), "damage": damage, "lost": lost / max(size, 1)}
    (part / "about.json").write_text(json.dumps(about))


def rows_of(contents: Listing, archive: int, folders: dict[str, int], names, end: int) -> tuple[np.ndarray, int]:
    """The rows (N,) of one archive and the new length of the file of names, which is `end` bytes long before."""
    rows = []
    for member, class_ in zip(contents.pictures, contents.classes, strict=True):
        folder, _, name = member.inside.rpartition("/")
        end += names.write(name.encode(errors="replace"))
        folder_index = folders.setdefault(folder, len(folders))
        rows.append((archive, folder_index, member.offset, member.size, class_, end, member.method))
    return np.array(rows, ROW), end
