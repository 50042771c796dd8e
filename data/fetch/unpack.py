"""Archives, unpacked safely: no member leaves the folder, and an interruption leaves no half-unpacked folder."""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from data.fetch.download import Unwritable

UNREADABLE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, gzip.BadGzipFile)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar, zip or .gz into the folder, by way of a temporary folder inside it. The caller holds a lock.

    ValueError for a damaged archive and for a member that would leave the folder; nothing is unpacked then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{archive.name}.unpacking"
    shutil.rmtree(part, ignore_errors=True)  # of a killed process
    part.mkdir()
    try:
        extract(archive, part)
        merge(part, folder)
    except UNREADABLE as error:
        problem = " ".join(str(error).split()) or "truncated"
        raise ValueError(f"{archive}: {problem}; remove it and fetch it again") from None
    except OSError as error:
        raise Unwritable(f"{archive}: cannot be unpacked into {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def extract(archive: Path, folder: Path) -> None:
    """All members of a tar or zip, or the file in a .gz, named without the suffix."""
    if not archive.stat().st_size:
        raise EOFError  # gzip would unpack an empty file to an empty file
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")  # refuses members that leave the folder, links and devices included
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                check_member(member, archive)
            zipped.extractall(folder)  # writes a symbolic link as a file that holds its target
    elif archive.suffix == ".gz":
        with gzip.open(archive) as packed, open(folder / archive.stem, "wb") as plain:
            shutil.copyfileobj(packed, plain, 2**20)
    else:
        raise ValueError(f"{archive}: neither a tar nor a zip nor a .gz; remove it and fetch it again")


def check_member(member: zipfile.ZipInfo, archive: Path) -> None:
    """ValueError for '../x' and '/x'. zipfile would silently write them inside the folder; no data set has such names."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ValueError(f"{archive}: member {member.filename!r} would leave the folder; nothing is unpacked")


def merge(source: Path, target: Path) -> None:
    """Move everything in `source` to `target`: existing folders are merged, existing files replaced."""
    for entry in sorted(source.iterdir()):
        destination = target / entry.name
        if entry.is_dir() and destination.is_dir() and not entry.is_symlink():
            merge(entry, destination)
        else:
            entry.replace(destination)
