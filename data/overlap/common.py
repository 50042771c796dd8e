"""What two sets have in common, as pairs and in words.

P pairs of a pre-training image and a test image.
"""

from dataclasses import dataclass

import numpy as np

from data.base import ImageData
from data.overlap.hashed import Side, side
from data.overlap.near import near
from data.pictures.perceptual import Hashes

# Measured on CIFAR-10: of 1,000 images 97% to 99.5% are found after JPEG at quality 60, half the size or more brightness.
# Of the 120 pairs of training and test images that are this near one is wrong; at 6 bits a third, at 8 bits most are.
# Blurred pictures change more bits, crops are not found, and glyphs (MNIST) are alike though none is a copy: there a
# person should look at the pairs before using the list.
DISTANCE = 4


@dataclass(frozen=True)
class Overlap:
    """Pairs (P,), nearest first: indices on either side, bits apart, and whether the test image had to be mirrored."""

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
        """The pre-training images that a clean set leaves out, sorted."""
        return np.unique(self.first)


def overlap(pretraining: Side, transfer: Side, *, distance: int = DISTANCE, mirrored: bool = False) -> Overlap:
    """All pairs within `distance` bits; with `mirrored`, of the mirrored test images as well."""
    many, few = pretraining.hashes, transfer.hashes
    found = [pairs(many, few, few.plain, distance)]
    found += [pairs(many, few, few.mirrored, distance)] if mirrored else []
    turned = np.repeat(np.arange(len(found)), [len(one[0]) for one in found])
    first, second, apart = np.concatenate(found, axis=1)
    order = np.lexsort((turned, second, first, apart))
    _, once = np.unique(np.stack([first, second])[:, order], axis=1, return_index=True)
    order = order[np.sort(once)]  # a pair that is near both ways counts once, by its nearer way
    return Overlap(pretraining, transfer, distance, first[order], second[order], apart[order], turned[order] == 1)


def pairs(many: Hashes, few: Hashes, hashes: np.ndarray, distance: int) -> np.ndarray:
    """int64 (3, P): indices and distances, without the images that cannot be compared."""
    first, second, apart = near(many.plain[many.known], hashes[few.known], distance)
    return np.stack([many.known[first], few.known[second], apart])


def report(pretraining: ImageData, transfer: ImageData, distance: int = DISTANCE) -> str:
    """How many training images of one set are near-duplicates of test images of the other."""
    return described(overlap(side(pretraining, "train"), side(transfer, "test"), distance=distance))


def described(found: Overlap) -> str:
    rows, tests = len(found.rows), len(np.unique(found.second))
    share = tests / max(1, len(found.transfer.images))
    lines = [
        f"pre-training: {counted(found.pretraining)}",
        f"test: {counted(found.transfer)}",
        f"within {found.distance} of 63 bits: {len(found):,} pairs of {rows:,} pre-training images"
        f" and {tests:,} test images ({share:.2%})",
    ]
    if len(found):
        by_distance = enumerate(np.bincount(found.apart).tolist())
        lines.append("pairs by bits apart: " + ", ".join(f"{bits}: {count:,}" for bits, count in by_distance if count))
    if found.mirrored.any():
        lines.append(f"mirrored: {found.mirrored.sum():,} of these pairs")
    return "\n".join(lines)


def counted(side: Side) -> str:
    hashes = side.hashes
    left = [f"{mask.sum():,} {name}" for name, mask in (("blank", hashes.blank), ("unreadable", hashes.unreadable))]
    told = [words for words in left if not words.startswith("0 ")]
    return f"{side.label}, {len(hashes):,} images" + (f" (not compared: {', '.join(told)})" if told else "")
