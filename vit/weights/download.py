"""The authors' files over HTTP by the data's own downloader, and the file that lies there checked before it is read."""

import data.download
from data.download import checksum_file, digests, recorded
from data.lock import Busy
from vit.errors import UserError
from vit.plan.files import name_of


def download(url, path):
    """To `path`: resumed, checked, whole or not at all."""
    try:
        data.download.download([url], path)
    except Busy:
        raise UserError(f"{name_of(path)}: another process is downloading it") from None
    except data.download.Unreachable as error:
        raise UserError(f"{error}; or set VIT_WEIGHTS to a folder with the file") from None
    except data.download.Refused as error:
        raise UserError(str(error)) from None


def check(path):
    """The path itself, if the file is still the one whose checksum lies beside it."""
    if checksum_file(path).exists() and recorded(path) != digests(path)["sha256"]:
        raise UserError(f"{name_of(path)}: not the file whose sha256 lies beside it; remove it to download it again")
    return path
