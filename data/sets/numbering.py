"""Which class each label stands for: labels of two sources mean the same only if their lists of names are equal.

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


@dataclass(frozen=True)
class Numbering:
    """Class names in the order of their labels; stated: samples state their labels, which do not follow from folders."""

    names: tuple[str, ...]
    stated: bool = False

    @property
    def by_wordnet(self) -> bool:
        return all(WORDNET.fullmatch(name) for name in self.names)

    def __str__(self):
        """The form that weights and checkpoints keep, to be compared with that of other images."""
        if self.by_wordnet and len(self.names) == 1000:
            return STANDARD
        digest = hashlib.sha256("\n".join(self.names).encode(errors="surrogateescape")).hexdigest()
        return f"{len(self.names):,} names from {self.names[0]!r} to {self.names[-1]!r} (sha256 {digest[:12]})"


UNLISTED = Numbering(())  # by WordNet ids, which are known once the pictures are read


def numbering(listing: Collection, count: int) -> Numbering:
    """Of the first `count` classes. The names of samples with stated labels are WordNet ids in their paths, or numbers.

    ValueError if the stated labels are not the positions of the sorted WordNet ids.
    """
    names = tuple(listing.names[:count])
    if not listing.numbered:
        return Numbering(names)
    classes, rows = np.unique(listing.labels, return_index=True)
    pictures = [listing.pictures.name(int(row)) for row in rows[:count]]
    ids = [wordnet_id(name) for name in pictures]
    if None in ids or classes[:count].tolist() != list(range(len(names))):
        return Numbering(names, stated=True)
    for number, (id_, expected) in enumerate(zip_longest(ids, sorted(set(ids)))):
        if id_ != expected:
            raise ValueError(
                f"{pictures[number]}: its label is {number}, but {id_} is not number {number} of the sorted WordNet ids;"
                " number the classes in that order"
            )
    return Numbering(tuple(ids), stated=True)


def wordnet_id(path: str) -> str | None:
    """The first WordNet id in the file name; folders are ignored."""
    match = WORDNET.search(path.rpartition("/")[2])
    return match and match[0]


def agreed(root: Path, parts: dict[str, Numbering]) -> Numbering:
    """The common numbering of all parts. ValueError naming the first class that differs between two of them."""
    (part, first), *others = parts.items()
    for other, second in others:
        if second is UNLISTED:
            check_standard(first, root / part, f"its {other} part")
            continue
        if first.stated and second.stated and not (first.by_wordnet and second.by_wordnet):
            first = first if first.by_wordnet else second  # equal by their numbers; at most one has names as well
            continue
        for number, (name, other_name) in enumerate(zip(first.names, second.names, strict=False)):
            if name != other_name:
                raise ValueError(
                    f"{root}: class {number} is {name!r} in the {part} part but {other_name!r} in the {other} part;"
                    " in both parts, name class folders or sample files by WordNet ids (n01440764, n01443537, ...)"
                )
    return first


def check_standard(classes: Numbering, path: Path, user: str) -> None:
    """ValueError unless all names are WordNet ids, whose order the labels of `user` follow."""
    if others := [name for name in classes.names if not WORDNET.fullmatch(name)]:
        raise ValueError(
            f"{path}: {user} numbers the classes by sorted WordNet ids, but class {others[0]!r} is not one; name class"
            " folders or sample files by WordNet ids (n01440764, n01443537, ...)"
        )
