"""A public set brought into the data folder: its files downloaded, checked and unpacked; nothing twice."""

from pathlib import Path

import data
from data.disk.folder import data_folder
from data.disk.lock import locked
from data.fetch.download import WrongBytes, checksum_file, digests, download, record, recorded
from data.fetch.ledger import row_of
from data.fetch.row import Row
from data.fetch.sources import File
from data.fetch.unpack import unpack


def fetch(name: str) -> str:
    """Everything of a set, by its name or short name; what to say when it is there.

    ValueError for a name that nothing has, and for a set that has to be brought: from where, and to which place. Two
    processes at once: the second waits, and finds it there. What is missing of a set is brought, what is there stays.
    """
    key, row = row_of(name)
    if not row.files:
        raise ValueError(f"{key} cannot be fetched: {row.how()}")
    folder = data_folder()
    shared = folder / f"{row.files[0].place.replace('/', '-')}.fetch"  # sets that share files share the lock
    with locked(shared, f"{key}: another process is fetching it"):
        if complete(key, row):
            return f"{key} is here"
        for file in row.files:
            bring(file, folder / file.place)
    if not complete(key, row):
        raise ValueError(f"{key}: all files came, and it is still not complete in {folder}; see {row.page}")
    return f"{key} is here"


def complete(key: str, row: Row) -> bool:
    """Is everything there? torchvision's own look at the files is believed, where the set is one of its."""
    if not row.present():
        return False
    look = getattr(getattr(data, key, None), "present", None)
    try:
        for split in ("train", "test") if look else ():
            look(split)
    except FileNotFoundError:
        return False
    except ImportError:
        return True  # a package that reads it is missing, no file
    return True


def bring(file: File, path: Path) -> None:
    """One file, and what is in it."""
    if path.exists():
        check(file, path)
    else:
        download(file.urls, path, checksum=file.checksum, wait=True)
    if file.unpack:
        unpack(path, path.parent)
    for inner in file.inner:
        unpack(path.parent / inner, path.parent)


def check(file: File, path: Path) -> None:
    """The file that lies there must be the right one; its checksum is left beside it."""
    record(path, compared(file, path)["sha256"])


def compared(file: File, path: Path) -> dict[str, str]:
    """Its checksums. WrongBytes unless they are those that are known and that its download has left beside it."""
    sums = digests(path)
    wanted = {file.checksum, recorded(path) if checksum_file(path).exists() else None} - {None}
    if not wanted <= set(sums.values()):
        raise WrongBytes(f"{path}: not the file that is known by its checksum; remove it to download it again")
    return sums
