"""Fetch a public data set into the data folder: download, compare checksums, unpack. Present files are not fetched again."""

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
    """Fetch the missing files of a set, given by its name or an alias; the line to print when it is complete.

    ValueError for an unknown name and for a set that must be downloaded by hand, with the page and the folder.
    A second process that fetches the same files waits for the first.
    """
    key, row = row_of(name)
    if not row.files:
        raise ValueError(f"{key} cannot be fetched: {row.how()}")
    folder = data_folder()
    lock = folder / f"{row.files[0].path.replace('/', '-')}.fetch"  # sets that share files share the lock
    with locked(lock, f"{key}: another process is fetching it"):
        if complete(key, row):
            return f"{key} is present"
        for file in row.files:
            fetch_file(file, folder / file.path)
    if not complete(key, row):
        raise ValueError(f"{key}: all files were fetched, but the set is incomplete in {folder}; see {row.page}")
    return f"{key} is present"


def complete(key: str, row: Row) -> bool:
    """Are all files of the set present? Where torchvision reads it, its own check counts."""
    if not row.present():
        return False
    check_sources = getattr(getattr(data, key, None), "complete_sources", None)  # of TorchvisionData
    try:
        for split in ("train", "test") if check_sources else ():
            check_sources(split)
    except FileNotFoundError:
        return False
    except ImportError:
        return True  # the package that reads it is missing, but no file
    return True


def fetch_file(file: File, path: Path) -> None:
    """Download the file if it is missing, else compare its checksum; unpack it and the archives inside it."""
    if path.exists():
        check(file, path)
    else:
        download(file.urls, path, checksum=file.checksum, wait=True)
    if file.unpack:
        unpack(path, path.parent)
    for inner in file.inner:
        unpack(path.parent / inner, path.parent)


def check(file: File, path: Path) -> None:
    """WrongBytes if the existing file has another checksum; else its sha256 is written beside it."""
    record(path, verified(file, path)["sha256"])


def verified(file: File, path: Path) -> dict[str, str]:
    """md5 and sha256 of the file. WrongBytes unless they match the known checksum and that of its download."""
    sums = digests(path)
    expected = {file.checksum, recorded(path) if checksum_file(path).exists() else None} - {None}
    if not expected <= set(sums.values()):
        raise WrongBytes(f"{path}: checksum differs from the known one; remove it to download it again")
    return sums
