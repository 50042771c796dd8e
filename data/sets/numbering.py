"""Which list of names the numbers of classes count: labels of two sources mean the same only if the lists are equal.

ReaL, ObjectNet and every published head of ImageNet number its 1,000 classes by their sorted WordNet ids.
"""

import hashlib
import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from data.pictures.classes import Collection

WORDNET = re.compile(r"(?<![a-zA-Z0-9])n\d{8}(?!\d)")  # an id in the name of a file or folder
STANDARD = "1,000 WordNet ids"  # vit.weights.class_names has the same words for published heads
RENAME = "name class folders, or the pictures of samples, by WordNet ids (n01440764, n01443537, ...)"


@dataclass(frozen=True)
class Numbering:
    """Names of the classes in the order of their labels; stated: samples state the labels, folders do not decide them."""

    names: tuple[str, ...]
    stated: bool = False

    @property
    def by_wordnet(self) -> bool:
        return all(WORDNET.fullmatch(name) for name in self.names)

    def __str__(self):
        """What weights and checkpoints keep, to be compared with that of other images."""
        if self.by_wordnet and len(self.names) == 1000:
            return STANDARD
        digest = hashlib.sha256("\n".join(self.names).encode(errors="surrogateescape")).hexdigest()
        return f"{len(self.names):,} names from {self.names[0]!r} to {self.names[-1]!r} (sha256 {digest[:12]})"


UNLISTED = Numbering(())  # by WordNet ids, which are known once the pictures are read


def numbering(found: Collection, count: int) -> Numbering:
    """Of the first `count` classes. Samples that state numbers may have WordNet ids in their names; else numbers are the names.

    ValueError where such ids are not in the order of the numbers.
    """
    names = tuple(found.names[:count])
    if not found.numbered:
        return Numbering(names)
    classes, rows = np.unique(found.labels, return_index=True)
    pictures = [found.pictures.name(int(row)) for row in rows[:count]]
    ids = [wordnet_id(name) for name in pictures]
    if None in ids or classes[:count].tolist() != list(range(len(names))):
        return Numbering(names, stated=True)
    for number, (id_, expected) in enumerate(zip_longest(ids, sorted(set(ids)))):
        if id_ != expected:
            why = f"it states class {number}, and {id_} is not number {number} of the sorted WordNet ids"
            raise ValueError(f"{pictures[number]}: {why}; number the classes in that order")
    return Numbering(tuple(ids), stated=True)


def wordnet_id(path: str) -> str | None:
    """The first in the name of a file, whatever folders it lies in."""
    match = WORDNET.search(path.rpartition("/")[2])
    return match and match[0]


def agreed(root: Path, parts: dict[str, Numbering]) -> Numbering:
    """The one numbering of all parts. ValueError naming the first class that two of them do not share."""
    (one, first), *others = parts.items()
    for other, second in others:
        if second is UNLISTED:
            check_standard(first, root / one, f"its {other} part")
            continue
        if first.stated and second.stated and not (first.by_wordnet and second.by_wordnet):
            first = first if first.by_wordnet else second  # the numbers are compared; only one has names, too
            continue
        for number, (left, right) in enumerate(zip(first.names, second.names, strict=False)):
            if left != right:
                told = f"class {number} is {left!r} in its {one} part and {right!r} in its {other} part"
                raise ValueError(f"{root}: {told}, and nothing says that they are the same; in both, {RENAME}")
    return first


def check_standard(classes: Numbering, where: Path, wanted: str) -> None:
    """ValueError for classes under other names than WordNet ids, which `wanted`, a numbering from outside, needs."""
    if strange := [name for name in classes.names if not WORDNET.fullmatch(name)]:
        told = f"{wanted} numbers the classes by sorted WordNet ids, and class {strange[0]!r} is called otherwise"
        raise ValueError(f"{where}: {told}; {RENAME}")
