"""Decodes one encoded picture to pixels; an Unreadable names it, whatever is wrong with its bytes.

H and W are height and width, upright as the picture's EXIF tag says.
"""

import io
import math
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torchvision.io import ImageReadMode, decode_jpeg

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM")  # not TIFF: its floats and stacks have no one way to 8 bits
SOURCE_LINE = re.compile(r"\w+, /\S+:\d+, ")  # file and line of torchvision's source, which its messages begin with
JPEG = b"\xff\xd8"  # first bytes of the format
ORIENTATION = 0x0112  # EXIF tag; values 5 to 8 lay the picture on its side
MAX_PIXELS = 2**27  # of one picture; a few bytes may stand for more than any memory holds ("decompression bomb")
# PIL lets the errors of its parsers through; files with random damage raise most of these, TypeError and IndexError too.
PIL_ERRORS = (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError, struct.error, zlib.error)
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # below PIL's own limit; MAX_PIXELS decides


class Unreadable(ValueError):
    """A picture that cannot be used; one line that names it and states the reason."""


def decoded(data: bytes, name: str) -> torch.Tensor:
    """uint8 (3, H, W); grey, palette, CMYK, transparent and 16-bit pictures become RGB. `name` is for messages."""
    image = open_picture(data, name)
    return from_jpeg(data, name) if data.startswith(JPEG) else from_pil(image, name)


def from_jpeg(data: bytes, name: str) -> torch.Tensor:
    encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    try:  # torchvision's decoder is nearly twice as fast as PIL's
        return decode_jpeg(encoded, ImageReadMode.RGB, apply_exif_orientation=True)
    except RuntimeError as error:
        raise unreadable(name, first_line(error)) from error


def from_pil(image: Image.Image, name: str) -> torch.Tensor:
    # Not torchvision: its reader of PNG ends the process at some damaged files (seen in version 0.29).
    with pil_errors(name):
        frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise Unreadable(f"{one_line(name)} holds {frames} pictures; keep one")
    if image.mode == "F":  # a portable float map
        raise Unreadable(f"{one_line(name)} holds floating-point pixels of unknown range; convert it to 8 or 16 bits")
    with pil_errors(name):
        image = ImageOps.exif_transpose(image)  # loads the pixels
        sixteen_bits = image.mode.startswith("I")
        pixels = np.array(image if sixteen_bits else image.convert("RGB"))
    if sixteen_bits:
        pixels = np.repeat((pixels.astype(np.int64) // 256).astype(np.uint8)[:, :, None], 3, axis=2)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def dimensions(data: bytes, name: str) -> tuple[int, int]:
    """(H, W) from the header of the file."""
    return upright_size(open_picture(data, name))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(H, W) of a picture whose header was read."""
    width, height = image.size
    return (width, height) if image.getexif().get(ORIENTATION) in range(5, 9) else (height, width)


def open_picture(data: bytes, name: str) -> Image.Image:
    """The picture with its header read. Unreadable if that is damaged or states too many pixels."""
    if not data:
        raise unreadable(name, "it is empty")
    with pil_errors(name):
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    if math.prod(image.size) > MAX_PIXELS:  # before getexif, which decodes a PNG to find the tag
        raise unreadable(name, f"{image.width} x {image.height} pixels, more than {MAX_PIXELS:,}")
    with pil_errors(name):
        image.getexif()  # now, so that a damaged one is an error whether pixels or only the size are wanted
    return image


@contextmanager
def pil_errors(name: str) -> Iterator[None]:
    """Whatever PIL raises for the bytes of a damaged picture becomes an Unreadable."""
    try:
        yield
    except UnidentifiedImageError:
        raise unreadable(name, f"none of {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError:  # PIL's own limit, above ours
        raise unreadable(name, f"far more than {MAX_PIXELS:,} pixels") from None
    except PIL_ERRORS as error:
        raise unreadable(name, first_line(error)) from error


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def unreadable(name: str, reason: str) -> Unreadable:
    reason = SOURCE_LINE.sub("", reason)
    return Unreadable(f"{one_line(name)} is not a readable picture ({reason}); repair or remove it")


def one_line(name: str) -> str:
    """The name with escaped line breaks, which a file name may contain."""
    return name.replace("\n", "\\n").replace("\r", "\\r")


def unsupported_file(name: str) -> ValueError:
    """The error for a file among pictures that is neither a supported picture nor known to be harmless."""
    return ValueError(
        f"{one_line(name)}: unsupported file among pictures; convert it to {', '.join(SUFFIXES)}, or remove it"
    )
