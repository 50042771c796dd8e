"""The index of a list of archives: where each picture lies; built once, then opened as memory maps in no time.

N pictures. An index belongs to its archives' names, lengths and times: one that changed has another index, so none is
ever older than its archive.
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
)  # folder: number of the path in `folders`; name: where the file's name ends in the file of names


class Index:
    """rows: memory map (N,) of ROW; folders: paths inside the archives; damage: what was found wrong, a line an archive.

    lost: the share of the archives' bytes that is known to be missing; more may be.
    """

    def __init__(self, place: Path, archives: Sequence[Path]):
        self.place, self.archives = place, [str(path) for path in archives]
        about = json.loads((place / "about.json").read_text())
        self.folders, self.damage, self.lost = about["folders"], about["damage"], about["lost"]
        self.rows = np.load(place / "rows.npy", mmap_mode="r")
        self.names = np.memmap(place / "names", np.uint8, mode="r") if len(self.rows) else np.empty(0, np.uint8)

    def __reduce__(self):  # a process that is sent one opens it anew, and copies nothing
        return Index, (self.place, self.archives)

    def name(self, row: int) -> str:
        start = self.rows[row - 1]["name"] if row else 0
        return bytes(self.names[start : self.rows[row]["name"]]).decode(errors="replace")


def index_of(archives: Sequence[Path]) -> Index:
    """Opened, or built first. ValueError or FileNotFoundError, in one line, for what is no archive."""
    if missing := [path for path in archives if not path.is_file()]:
        raise FileNotFoundError(f"{missing[0]}: no such file")
    place = data_folder() / "indexes" / f"{archives[0].stem}-{digest(archives)}"
    if not (place / "about.json").exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place):
            if not (place / "about.json").exists():  # another process may have been faster
                build(archives, place)
    return Index(place, archives)


def digest(archives: Sequence[Path]) -> str:
    stamp = hashlib.sha256(f"{FORMAT}\n".encode())
    for path in archives:
        state = os.stat(path)
        line = f"{os.path.relpath(path, data_folder())} {state.st_size} {state.st_mtime_ns}\n"
        stamp.update(line.encode(errors="surrogateescape"))
    return stamp.hexdigest()[:10]


def build(archives: Sequence[Path], place: Path) -> None:
    """Into a temporary folder, then renamed: presence means finished. Nothing is left where an archive is refused."""
    with replacing(place, locked=True) as part:
        shutil.rmtree(part, ignore_errors=True)  # of a killed process
        part.mkdir()
        write(archives, part)


def write(archives: Sequence[Path], part: Path) -> None:
    folders, blocks, damage, end, lost, size = {}, [], [], 0, 0, 0
    with open(part / "names", "wb") as names:
        for number, path in enumerate(tqdm(archives, desc="indexing", unit="archive", disable=not sys.stderr.isatty())):
            found = listing(path)
            block, end = rows_of(found, number, folders, names, end)
            blocks.append(block)
            damage += [found.damage] if found.damage else []
            lost, size = lost + found.lost, size + found.bytes
    np.save(part / "rows.npy", np.concatenate(blocks))
    about = {"folders": list(folders), "damage": damage, "lost": lost / max(size, 1)}
    (part / "about.json").write_text(json.dumps(about))


def rows_of(found: Listing, archive: int, folders: dict[str, int], names, end: int) -> tuple[np.ndarray, int]:
    """The rows (N,) of one archive; its names are appended to the file of names, which is `end` bytes long."""
    rows = []
    for member, class_ in zip(found.pictures, found.classes, strict=True):
        folder, _, name = member.inside.rpartition("/")
        end += names.write(name.encode(errors="replace"))
        place = folders.setdefault(folder, len(folders))
        rows.append((archive, place, member.offset, member.size, class_, end, member.method))
    return np.array(rows, ROW), end
