"""Archives unpacked where nothing can leave the folder, and where a folder that is there is whole."""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from data.fetch.download import Unwritable

UNREADABLE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, gzip.BadGzipFile)


def unpack(archive: Path, folder: Path) -> None:
    """A tar, zip or .gz into the folder, by way of a temporary one beside: an interruption leaves nothing half there.

    ValueError, and nothing in the folder, for a damaged archive and for one with a member that would leave the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{archive.name}.unpacking"
    shutil.rmtree(part, ignore_errors=True)  # of a killed process; whoever unpacks holds a lock
    part.mkdir()
    try:
        extract(archive, part)
        merge(part, folder)
    except UNREADABLE as error:
        told = " ".join(str(error).split()) or "it is cut short"
        raise ValueError(f"{archive}: {told}; remove it and fetch it again") from None
    except OSError as error:
        raise Unwritable(f"{archive}: not unpacked into {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def extract(archive: Path, folder: Path) -> None:
    """All members of a tar or zip, or what a .gz holds under its name without the suffix."""
    if not archive.stat().st_size:
        raise EOFError  # gzip takes nothing for nothing packed
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")  # refuses what leaves the folder, links and devices included
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                check_member(member, archive)
            zipped.extractall(folder)  # writes a symbolic link as a file with its target in it
    elif archive.suffix == ".gz":
        with gzip.open(archive) as packed, open(folder / archive.stem, "wb") as plain:
            shutil.copyfileobj(packed, plain, 2**20)
    else:
        raise ValueError(f"{archive}: neither a tar nor a zip nor a .gz; remove it and fetch it again")


def check_member(member: zipfile.ZipInfo, archive: Path) -> None:
    """zipfile would quietly put '../x' and '/x' elsewhere in the folder; no set has such names, so they are refused."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ValueError(f"{archive}: {member.filename!r} would leave the folder; nothing is unpacked")


def merge(source: Path, target: Path) -> None:
    """Everything in `source` goes to `target`: folders that are there get more, files are replaced."""
    for entry in sorted(source.iterdir()):
        there = target / entry.name
        if entry.is_dir() and there.is_dir() and not entry.is_symlink():
            merge(entry, there)
        else:
            entry.replace(there)
