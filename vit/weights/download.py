"""One file over HTTP: progress bar, resume, checksums; there whole or not at all."""

import base64
import hashlib
import http.client
import re
import urllib.error
import urllib.request

from tqdm import tqdm

from vit.atomic import write_text
from vit.errors import UserError
from vit.plan.files import name_of
from vit.plan.folders import locked

BLOCK = 2**20  # bytes
PATIENCE = 3  # connections in a row that bring nothing new
SECONDS = 30  # without a byte
NETWORK = (OSError, http.client.HTTPException)  # urllib's own errors are OSErrors


def download(url, path):
    """To `path`, by way of path.part: what came before an interruption is not asked for again."""
    part = path.with_name(f"{path.name}.part")
    with locked(path.with_name(f".{path.name}.lock"), f"{name_of(path)}: another process is downloading it"):
        stated = fetch(url, part)
        md5, sha256 = digests(part)
        if stated and md5.digest() != stated:
            part.unlink()
            raise UserError(f"{url}: other bytes arrived than the server has (md5); the same command starts it again")
        if checksum_file(path).exists() and recorded(path) != sha256.hexdigest():
            part.unlink()
            raise UserError(f"{url}: not the file of the first download; remove {checksum_file(path)} to accept it")
        write_text(checksum_file(path), f"{sha256.hexdigest()}  {path.name}\n")
        part.rename(path)


def fetch(url, part):
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
            if code == 416:  # a part of something longer
                problem = f"the server has no bytes after the first {size(part)}"
                part.unlink()
            elif code < 500:
                break
        barren = 0 if size(part) > most else barren + 1
        most = max(most, size(part))
    kept = f" ({size(part)} bytes are kept, the same command goes on from there)" if size(part) else ""
    raise UserError(f"{url}: no download: {problem}{kept}; or set VIT_WEIGHTS to a folder with the file") from None


def receive(url, part):
    """One connection, from where the part ends; returns the length of the whole file and its md5, as the server says."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={size(part)}-"} if size(part) else {})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        if answer.length is None:
            raise OSError("the server does not say how long the file is")
        have = size(part) if answer.status == 206 else 0  # 200 is the whole file again
        total = have + answer.length
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem)
        with open(part, "ab" if have else "wb") as file, bar:
            while block := answer.read(BLOCK):
                bar.update(file.write(block))
        return total, stated_md5(answer.headers)


def stated_md5(headers):
    """Google's storage sends 'x-goog-hash: crc32c=..., md5=BASE64'."""
    found = re.search(r"md5=([\w+/=]+)", ",".join(headers.get_all("x-goog-hash") or []))
    return found and base64.b64decode(found[1])


def check(path):
    """The path itself, if the file is still the one whose checksum lies beside it."""
    if checksum_file(path).exists() and recorded(path) != digests(path)[1].hexdigest():
        raise UserError(f"{name_of(path)}: not the file whose sha256 lies beside it; remove it to download it again")
    return path


def recorded(path):
    return checksum_file(path).read_text().partition(" ")[0]


def checksum_file(path):
    """As `sha256sum -c` reads it."""
    return path.with_name(f"{path.name}.sha256")


def digests(path):
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            md5.update(block)
            sha256.update(block)
    return md5, sha256


def size(path):
    return path.stat().st_size if path.exists() else 0
