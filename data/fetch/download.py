"""One file over HTTP: progress bar, resume, checksums, mirrors. If the file exists, it is complete."""

import base64
import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from data.disk.lock import locked
from data.disk.replace import replacing

BLOCK = 2**20  # bytes
ATTEMPTS = 3  # consecutive connections that bring nothing new
TIMEOUT = 30  # seconds without a byte
NETWORK = (OSError, http.client.HTTPException)  # urllib's own errors are OSErrors
KINDS = {32: "md5", 64: "sha256"}  # hexadecimal digits of a checksum


class Refused(RuntimeError):
    """The download failed; a one-line message: what is wrong, where, what to do."""


class Unreachable(Refused):
    """The server does not deliver the file."""


class WrongBytes(Refused):
    """A file with another checksum than expected."""


class Unwritable(Refused):
    """The disk is full or not writable."""


def download(urls: Sequence[str], path: Path, *, checksum: str | None = None, wait: bool = False) -> None:
    """Download to `path` and write its sha256 beside it. An interrupted download resumes from path.part.

    urls: mirrors, tried in turn. checksum: md5 or sha256, hexadecimal; without it the file is compared with the md5 that
    the server sends (Google's storage does) and with the sha256 of an earlier download.
    wait: if another process is downloading it, wait for its file; otherwise that raises data.disk.lock.Busy.
    """
    with locked(path, f"{path}: another process is downloading it", wait):
        if wait and path.exists():
            return
        problems = []
        for url in urls:
            try:
                return download_from(url, path, checksum)
            except (Unreachable, WrongBytes) as error:
                problems.append(error)
        raise problems[0] if len(problems) == 1 else Refused("; ".join(map(str, problems)))


def download_from(url: str, path: Path, checksum: str | None) -> None:
    """From one mirror. A file with the wrong checksum is deleted."""
    part = path.with_name(f"{path.name}.part")
    server_md5 = receive_all(url, part)
    sums = digests(part)
    try:
        if server_md5 and sums["md5"] != server_md5:
            raise WrongBytes(f"{url}: md5 differs from the server's; run the same command to download it again")
        if checksum and sums[KINDS[len(checksum)]] != checksum:
            kind = KINDS[len(checksum)]
            raise WrongBytes(f"{url}: {kind} differs from the known one; the downloaded file was deleted")
        if checksum_file(path).exists() and recorded(path) != sums["sha256"]:
            raise WrongBytes(
                f"{url}: sha256 differs from the first download's; remove {checksum_file(path)} to accept this file"
            )
    except WrongBytes:
        part.unlink()
        raise
    record(path, sums["sha256"])
    part.rename(path)


def receive_all(url: str, part: Path) -> str | None:
    """The whole file, over as many connections as needed while they make progress; the md5 that the server sends, or None."""
    attempts, most = 0, size(part)
    while attempts < ATTEMPTS:
        try:
            total, md5 = receive(url, part)
            if size(part) == total:
                return md5
            problem = f"the connection ended at {size(part)} of {total} bytes"
        except NETWORK as error:
            problem = str(getattr(error, "reason", None) or error) or type(error).__name__
            code = getattr(error, "code", 500)
            if code == 416 and error.headers["Content-Range"] == f"bytes */{size(part)}":
                return server_md5(error.headers)  # the part is complete: a kill came between download and renaming
            if code == 416:  # the part is longer than the file
                problem = f"the server has no bytes after the first {size(part)}"
                part.unlink()
            elif code < 500:
                break  # the client's mistake (404 and the like), which a retry does not mend
        attempts = 0 if size(part) > most else attempts + 1
        most = max(most, size(part))
    if kept := size(part):
        raise Unreachable(
            f"{url}: download failed: {problem} ({kept} bytes are kept, the same command resumes)"
        ) from None
    raise Unreachable(f"{url}: download failed: {problem}") from None


def receive(url: str, part: Path) -> tuple[int, str | None]:
    """One connection, resumed at the end of `part`; the length of the whole file and its md5, as the server states them."""
    resumed = {"Range": f"bytes={size(part)}-"} if size(part) else {}
    request = urllib.request.Request(url, headers={"User-Agent": "vit-reproduction", **resumed})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        if response.length is None:
            raise OSError("the server does not send a Content-Length")
        start = size(part) if response.status == 206 else 0  # status 200: it ignored Range and sends the whole file
        total = start + response.length
        bar = tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem)
        with opened(part, "ab" if start else "wb") as file, bar:
            while block := response.read(BLOCK):
                bar.update(write(file, block, part, total))
        return total, server_md5(response.headers)


def opened(part: Path, mode: str) -> BinaryIO:
    """Unbuffered, so that a full disk raises in `write` and not when the file is closed."""
    try:
        return open(part, mode, buffering=0)
    except OSError as error:
        raise Unwritable(f"{part}: {error.strerror}") from None


def write(file: BinaryIO, block: bytes, part: Path, total: int) -> int:
    """The whole block; an unbuffered file may write less than it is given."""
    remaining = memoryview(block)
    try:
        while remaining:
            remaining = remaining[file.write(remaining) :]
    except OSError as error:
        kept = size(part)
        raise Unwritable(
            f"{part}: {error.strerror}: {kept:,} of {total:,} bytes are kept; "
            f"make room for {total - kept:,} and run the same command again"
        ) from None
    return len(block)


def server_md5(headers: http.client.HTTPMessage) -> str | None:
    """Google's storage sends 'x-goog-hash: crc32c=..., md5=BASE64'."""
    match = re.search(r"md5=([\w+/=]+)", ",".join(headers.get_all("x-goog-hash") or []))
    return base64.b64decode(match[1]).hex() if match else None


def record(path: Path, sha256: str) -> None:
    """Write the checksum file, in the format of `sha256sum -c`."""
    with replacing(checksum_file(path), locked=False) as part:
        part.write_text(f"{sha256}  {path.name}\n")


def recorded(path: Path) -> str:
    """The sha256 in the checksum file."""
    return checksum_file(path).read_text().partition(" ")[0]


def checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def digests(path: Path) -> dict[str, str]:
    """md5 and sha256, hexadecimal."""
    sums = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            for digest in sums.values():
                digest.update(block)
    return {kind: digest.hexdigest() for kind, digest in sums.items()}


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
