"""Images with identical pixels in several parts: train, held-out and test images should be disjoint."""

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

Sample = tuple[str, int]  # name of a part, index in it


def content(image: torch.Tensor) -> bytes:
    """SHA-256 of an image's shape and pixels, however it was encoded."""
    return hashlib.sha256(f"{tuple(image.shape)} ".encode() + image.contiguous().numpy().tobytes()).digest()


def contents(images: torch.Tensor | Pictures) -> Iterator[bytes]:
    """`content` of each image in turn; b"" for a picture that cannot be read."""
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


def shared(parts: Mapping[str, torch.Tensor | Pictures]) -> list[list[Sample]]:
    """Groups of identical images that occur in more than one part; an empty list if the parts are disjoint."""
    digests = np.concatenate([np.fromiter(contents(images), "S32", len(images)) for images in parts.values()])
    samples = [(part, index) for part, images in parts.items() for index in range(len(images))]
    _, which, copies = np.unique(digests, return_inverse=True, return_counts=True)
    groups = defaultdict(list)
    for row in np.flatnonzero((copies[which] > 1) & (digests != b"")).tolist():
        groups[which[row]].append(samples[row])
    return [group for group in groups.values() if len({part for part, _ in group}) > 1]


def disjoint(module: ImageData) -> str:
    """Which train, held-out ("val") and test images of a set are identical: a summary, then a line a group."""
    module.setup("fit")
    module.setup("test")
    parts = {name: part.images for name, part in module.parts.items()}
    groups = shared(parts)
    sizes = ", ".join(f"{name} {len(images):,}" for name, images in parts.items())
    verdict = f"{len(groups):,} images occur in more than one part" if groups else "disjoint"
    lines = ["  " + " = ".join(named(parts[part], part, index) for part, index in group) for group in groups]
    return "\n".join([f"{sizes}: {verdict}", *lines])


def named(images: torch.Tensor | Pictures, part: str, index: int) -> str:
    name = f" ({images.name(index)})" if isinstance(images, Pictures) else ""
    return f"{part} {index}{name}"
