"""Which images have the very same pixels: train, held-out and test images should not, and the report says which do."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from data.base import ImageData
from data.pictures.decode import Unreadable
from data.pictures.perceptual import BLOCK, THREADS
from data.pictures.pictures import Pictures

Place = tuple[str, int]  # name of a part, index in it


def content(image: torch.Tensor) -> bytes:
    """SHA-256 of an image's shape and pixels, however it was encoded."""
    return hashlib.sha256(f"{tuple(image.shape)} ".encode() + image.contiguous().numpy().tobytes()).digest()


def contents(images: torch.Tensor | Pictures) -> Iterator[bytes]:
    """Of each image in turn; empty in place of a picture that cannot be read."""
    if isinstance(images, torch.Tensor):
        yield from map(content, images)
        return

    def of(index: int) -> bytes:
        try:
            return content(images.picture(index))
        except Unreadable:
            return b""

    with ThreadPoolExecutor(THREADS) as threads:
        for first in range(0, len(images), BLOCK):
            yield from threads.map(of, range(first, min(first + BLOCK, len(images))))


def shared(parts: Mapping[str, torch.Tensor | Pictures]) -> list[list[Place]]:
    """Where each content that lies in several parts is found; an empty list: the parts are disjoint."""
    digests = np.concatenate([np.fromiter(contents(images), "S32", len(images)) for images in parts.values()])
    places = [(part, index) for part, images in parts.items() for index in range(len(images))]
    _, which, copies = np.unique(digests, return_inverse=True, return_counts=True)
    found = defaultdict(list)
    for row in np.flatnonzero((copies[which] > 1) & (digests != b"")).tolist():
        found[which[row]].append(places[row])
    return [same for same in found.values() if len({part for part, _ in same}) > 1]


def disjoint(module: ImageData) -> str:
    """What train, held-out ("val") and test images of a set have in common, in words: a line each."""
    module.setup("fit")
    module.setup("test")
    parts = {name: part.images for name, part in module.parts.items()}
    found = shared(parts)
    sizes = ", ".join(f"{name} {len(images):,}" for name, images in parts.items())
    verdict = f"{len(found):,} images lie in several of these parts" if found else "disjoint"
    same = ["  " + " = ".join(named(parts[part], part, index) for part, index in places) for places in found]
    return "\n".join([f"{sizes}: {verdict}", *same])


def named(images: torch.Tensor | Pictures, part: str, index: int) -> str:
    name = f" ({images.name(index)})" if isinstance(images, Pictures) else ""
    return f"{part} {index}{name}"
