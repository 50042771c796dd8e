"""One encoded picture, from its bytes to pixels, whatever is wrong with them.

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
KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM")  # not TIFF: its floats and stacks have no one way to 8 bits
SOURCE = re.compile(r"\w+, /\S+:\d+, ")  # where torchvision's own code lay when it was compiled
JPEG = b"\xff\xd8"  # its first bytes
ORIENTATION = 0x0112  # EXIF; values from 5 on lay the picture on its side
PIXELS = 2**27  # of one picture; a few bytes may stand for more than any memory holds ("decompression bomb")
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    struct.error,
    zlib.error,
)
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # below PIL's own limit; PIXELS decides


class Unreadable(ValueError):
    """A picture that cannot be used; the message names it and says why, in one line."""


def decoded(data: bytes, name: str) -> torch.Tensor:
    """uint8 (3, H, W); grey, palette, CMYK, transparent and 16-bit pictures become RGB. `name` is for the message."""
    with open_picture(data, name) as image:
        return from_jpeg(data) if data.startswith(JPEG) else from_others(image, name)


def from_jpeg(data: bytes) -> torch.Tensor:
    """By torchvision: nearly twice as fast as PIL."""
    coded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    return decode_jpeg(coded, ImageReadMode.RGB, apply_exif_orientation=True)


def from_others(image: Image.Image, name: str) -> torch.Tensor:
    """By PIL: torchvision's reader of PNG ends the process at some damaged files (seen in version 0.29)."""
    if getattr(image, "n_frames", 1) > 1:
        raise Unreadable(f"{name} holds several pictures; keep one")
    if image.mode == "F":  # a portable float map
        raise Unreadable(f"{name} holds floating-point numbers, whose range nothing states; make it 8 or 16 bits")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits
        image = Image.fromarray((np.asarray(image).astype(np.int64) // 256).astype(np.uint8))
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()


def dimensions(data: bytes, name: str) -> tuple[int, int]:
    """(H, W) from the head of the file."""
    with open_picture(data, name) as image:
        width, height = image.size
        return (width, height) if image.getexif().get(ORIENTATION, 1) >= 5 else (height, width)


@contextmanager
def open_picture(data: bytes, name: str) -> Iterator[Image.Image]:
    """The picture with its head read, if it is small enough; whatever it then fails with becomes an Unreadable."""
    if not data:
        raise unreadable(name, "it is empty")
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as image:
            if math.prod(image.size) > PIXELS:
                raise unreadable(name, f"{image.width} x {image.height} pixels, more than {PIXELS:,}")
            image.getexif()  # a damaged one is refused, whatever the picture is wanted for
            yield image
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise unreadable(name, f"none of {', '.join(KINDS)}") from None
    except Image.DecompressionBombError:  # PIL's own limit, above ours
        raise unreadable(name, f"far more than {PIXELS:,} pixels") from None
    except (RuntimeError, *DAMAGE) as error:
        raise unreadable(name, (str(error).splitlines() or [type(error).__name__])[0]) from error


def unreadable(name: str, why: str) -> Unreadable:
    why = SOURCE.sub("", why)
    return Unreadable(f"{one_line(name)} is no readable picture ({why}); repair or remove it")


def one_line(name: str) -> str:
    """A file may have line breaks in its name."""
    return name.replace("\n", "\\n").replace("\r", "\\r")


def unsupported_file(name: str) -> ValueError:
    """For a file among pictures that is neither read nor known to be harmless."""
    return ValueError(f"{one_line(name)}: pictures are read from {', '.join(SUFFIXES)}; convert it, or take it out")
