"""One file over HTTP: progress bar, resume, checksums, mirrors; there whole or not at all."""

import base64
import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from data.disk.lock import locked
from data.disk.room import written_to

BLOCK = 2**20  # bytes
PATIENCE = 3  # connections in a row that bring nothing new
SECONDS = 30  # without a byte
NETWORK = (OSError, http.client.HTTPException)  # urllib's own errors are OSErrors
KINDS = {32: "md5", 64: "sha256"}  # hexadecimal digits of a checksum


class Refused(RuntimeError):
    """No file; one line: what, where, what to do."""


class Unreachable(Refused):
    """The server does not give it."""


class WrongBytes(Refused):
    """What came is not the file."""


class Unwritable(Refused):
    """The disk does not take it."""


def download(urls: Sequence[str], path: Path, *, checksum: str | None = None, wait: bool = False) -> None:
    """To `path`, by way of path.part: what came before an interruption is not asked for again.

    urls: the same file at several places, tried in turn. checksum: its md5 or sha256, hexadecimal; without one, what the
    server states (Google's storage does) and what the first download was. wait: for another process that downloads it,
    and then its file is taken; else that is data.disk.lock.Busy. The sha256 is left beside the file.
    """
    with locked(path, f"{path}: another process is downloading it", wait):
        if wait and path.exists():
            return
        problems = []
        for url in urls:
            try:
                return bring(url, path, checksum)
            except (Unreachable, WrongBytes) as error:
                problems.append(error)
        raise problems[0] if len(problems) == 1 else Refused("; ".join(map(str, problems)))


def bring(url: str, path: Path, checksum: str | None) -> None:
    """From one place. Wrong bytes are thrown away."""
    part = path.with_name(f"{path.name}.part")
    stated = fetch(url, part)
    sums = digests(part)
    try:
        if stated and sums["md5"] != stated:
            raise WrongBytes(f"{url}: other bytes arrived than the server has (md5); the same command starts it again")
        if checksum and sums[KINDS[len(checksum)]] != checksum:
            raise WrongBytes(
                f"{url}: other bytes arrived than are known ({KINDS[len(checksum)]}); they are thrown away"
            )
        if checksum_file(path).exists() and recorded(path) != sums["sha256"]:
            raise WrongBytes(f"{url}: not the file of the first download; remove {checksum_file(path)} to accept it")
    except WrongBytes:
        part.unlink()
        raise
    record(path, sums["sha256"])
    part.rename(path)


def fetch(url: str, part: Path) -> str | None:
    """All of the file, over as many connections as bring something; returns the md5 that the server states, or None."""
    barren, most = 0, size(part)
    while barren < PATIENCE:
        try:
            total, md5 = receive(url, part)
            if size(part) == total:
                return md5
            problem = f"the connection ended at {size(part)} of {total} bytes"
        except NETWORK as error:
            problem = str(getattr(error, "reason", None) or error) or type(error).__name__
            code = getattr(error, "code", 500)
            if code == 416 and error.headers["Content-Range"] == f"bytes */{size(part)}":
                return stated_md5(error.headers)  # all of it was there, only the last steps were not done
            if code == 416:  # a part of something longer
                problem = f"the server has no bytes after the first {size(part)}"
                part.unlink()
            elif code < 500:
                break
        barren = 0 if size(part) > most else barren + 1
        most = max(most, size(part))
    kept = f" ({size(part)} bytes are kept, the same command goes on from there)" if size(part) else ""
    raise Unreachable(f"{url}: no download: {problem}{kept}") from None


def receive(url: str, part: Path) -> tuple[int, str | None]:
    """One connection, from where the part ends; returns the length of the whole file and its md5, as the server says."""
    resumed = {"Range": f"bytes={size(part)}-"} if size(part) else {}
    request = urllib.request.Request(url, headers={"User-Agent": "vit-reproduction", **resumed})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        if answer.length is None:
            raise OSError("the server does not say how long the file is")
        have = size(part) if answer.status == 206 else 0  # 200 is the whole file again
        total = have + answer.length
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem)
        with opened(part, "ab" if have else "wb") as file, bar:
            while block := answer.read(BLOCK):
                bar.update(write(file, block, part, total))
        return total, stated_md5(answer.headers)


def opened(part: Path, mode: str):
    """Unbuffered, so that a full disk shows where the bytes are written."""
    try:
        return open(part, mode, buffering=0)
    except OSError as error:
        raise Unwritable(f"{part}: {error.strerror}") from None


def write(file, block: bytes, part: Path, total: int) -> int:
    """The whole block."""
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        have = size(part)
        left = f"{have:,} of {total:,} bytes are kept; make room for {total - have:,} and give the same command again"
        raise Unwritable(f"{part}: {error.strerror}: {left}") from None
    return len(block)


def stated_md5(headers: http.client.HTTPMessage) -> str | None:
    """Google's storage sends 'x-goog-hash: crc32c=..., md5=BASE64'."""
    found = re.search(r"md5=([\w+/=]+)", ",".join(headers.get_all("x-goog-hash") or []))
    return base64.b64decode(found[1]).hex() if found else None


def record(path: Path, sha256: str) -> None:
    """Beside the file, as `sha256sum -c` reads it."""
    beside = checksum_file(path)
    part = beside.with_name(f".{beside.name}.{os.getpid()}.part")
    with written_to(beside):
        part.write_text(f"{sha256}  {path.name}\n")
    part.replace(beside)


def recorded(path: Path) -> str:
    return checksum_file(path).read_text().partition(" ")[0]


def checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def digests(path: Path) -> dict[str, str]:
    """md5 and sha256, hexadecimal."""
    sums = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            for one in sums.values():
                one.update(block)
    return {kind: one.hexdigest() for kind, one in sums.items()}


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
