"""One encoded picture, from its bytes to pixels, whatever is wrong with them.

H and W are height and width, upright as the picture's EXIF tag says.
"""

import io
import struct
import warnings
import zlib

import torch
from PIL import Image, UnidentifiedImageError
from torchvision.io import decode_image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
ORIENTATION = 0x0112  # EXIF; values from 5 on lay the picture on its side
PIXELS = 2**27  # of one picture; a few bytes may stand for more than any memory holds ("decompression bomb")
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


class Unreadable(ValueError):
    """A picture that cannot be used; the message names it and says why, in one line."""


def decoded(data: bytes, name: str) -> torch.Tensor:
    """uint8 (3, H, W); grey, palette, CMYK, transparent and 16-bit pictures become RGB. `name` is for the message."""
    dimensions(data, name)
    try:
        image = decode_image(torch.frombuffer(bytearray(data), dtype=torch.uint8), "RGB", apply_exif_orientation=True)
    except RuntimeError as error:
        raise unreadable(name, str(error).splitlines()[0]) from error
    if image.ndim != 3:
        raise Unreadable(f"{name} holds several pictures; keep one")
    return image if image.dtype == torch.uint8 else (image.int() // 256).to(torch.uint8)  # 16 bits


def dimensions(data: bytes, name: str) -> tuple[int, int]:
    """(H, W) from the head of the file."""
    if not data:
        raise unreadable(name, "it is empty")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            width, height = image.size
            lying = image.getexif().get(ORIENTATION, 1) >= 5
    except UnidentifiedImageError:
        raise unreadable(name, "no known kind of picture") from None
    except DAMAGE as error:
        raise unreadable(name, str(error)) from error
    if width * height > PIXELS:
        raise unreadable(name, f"{width} x {height} pixels, more than {PIXELS:,}")
    return (width, height) if lying else (height, width)


def unreadable(name: str, why: str) -> Unreadable:
    return Unreadable(f"{name} is no readable picture ({why}); repair or remove it")
