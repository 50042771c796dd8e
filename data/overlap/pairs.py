"""Near-duplicates of two sets: pairs of a pre-training image and a test image.

P pairs.
"""

from dataclasses import dataclass

import numpy as np

from data.base import ImageData
from data.overlap.hashed import Side, side
from data.overlap.near import near
from data.pictures.perceptual import Hashes

# Measured on CIFAR-10: of 1,000 images 97% to 99.5% are recognised after JPEG at quality 60, half the size or more
# brightness. Of the 120 pairs of training and test images within 4 bits one is wrong; within 6 bits a third, within 8 most.
# Blurred pictures change more bits, crops are not recognised, and glyphs (MNIST) look alike without being copies: look at
# the pairs before using the list.
DISTANCE = 4


@dataclass(frozen=True)
class Overlap:
    """Pairs (P,), nearest first: indices on either side, distance in bits, and whether the test image was mirrored."""

    pretraining: Side
    transfer: Side
    distance: int
    first: np.ndarray
    second: np.ndarray
    apart: np.ndarray
    mirrored: np.ndarray

    def __len__(self):
        return len(self.first)

    @property
    def rows(self) -> np.ndarray:
        """Sorted indices of the pre-training images to leave out."""
        return np.unique(self.first)


def overlap(pretraining: Side, transfer: Side, *, distance: int = DISTANCE, mirrored: bool = False) -> Overlap:
    """All pairs within `distance` bits; mirrored: compare the mirrored test images as well."""
    many, few = pretraining.hashes, transfer.hashes
    blocks = [pairs(many, few, few.plain, distance)]
    blocks += [pairs(many, few, few.mirrored, distance)] if mirrored else []
    turned = np.repeat(np.arange(len(blocks)), [len(block[0]) for block in blocks])
    first, second, apart = np.concatenate(blocks, axis=1)
    order = np.lexsort((turned, second, first, apart))
    _, once = np.unique(np.stack([first, second])[:, order], axis=1, return_index=True)
    order = order[np.sort(once)]  # a pair that is near both plain and mirrored counts once, at its smaller distance
    return Overlap(pretraining, transfer, distance, first[order], second[order], apart[order], turned[order] == 1)


def pairs(many: Hashes, few: Hashes, hashes: np.ndarray, distance: int) -> np.ndarray:
    """int64 (3, P): indices and distances, without blank and unreadable images."""
    first, second, apart = near(many.plain[many.known], hashes[few.known], distance)
    return np.stack([many.known[first], few.known[second], apart])


def report(pretraining: ImageData, transfer: ImageData, distance: int = DISTANCE) -> str:
    """How many training images of one set are near-duplicates of test images of the other."""
    return described(overlap(side(pretraining, "train"), side(transfer, "test"), distance=distance))


def described(result: Overlap) -> str:
    """The comparison in lines of text."""
    rows, tests = len(result.rows), len(np.unique(result.second))
    share = tests / max(1, len(result.transfer.images))
    lines = [
        f"pre-training: {counted(result.pretraining)}",
        f"test: {counted(result.transfer)}",
        f"within {result.distance} of 63 bits: {len(result):,} pairs of {rows:,} pre-training images"
        f" and {tests:,} test images ({share:.2%})",
    ]
    if len(result):
        by_distance = enumerate(np.bincount(result.apart).tolist())
        lines.append("pairs by distance in bits: " + ", ".join(f"{bits}: {n:,}" for bits, n in by_distance if n))
    if result.mirrored.any():
        lines.append(f"mirrored: {result.mirrored.sum():,} of these pairs")
    return "\n".join(lines)


def counted(side: Side) -> str:
    """Number of images, and how many of them are blank or unreadable and so not compared."""
    counts = {"blank": side.hashes.blank.sum(), "unreadable": side.hashes.unreadable.sum()}
    excluded = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{side.label}, {len(side.hashes):,} images" + (f" (not compared: {excluded})" if excluded else "")
