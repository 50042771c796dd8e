"""Pictures sorted into classes as people keep them: a folder a class, or archives with such folders or WebDataset samples.

Folders and archives of the same pictures mean the same, or both are refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.disk.folder import data_folder
from data.pictures.archives import Members, open_archives
from data.pictures.archives.listing import READERS
from data.pictures.archives.member_paths import hidden
from data.pictures.class_folders import check_beside, pictures, subfolders
from data.pictures.decode import SUFFIXES
from data.pictures.pictures import Files, Pictures
from data.pictures.skipped import print_skipped

COMPRESSED = re.compile(r"\.(?:tgz|tbz2?|txz|7z|rar|tar\.\w+)$")


@dataclass
class Collection:
    """N pictures, the names of the classes, and the place of each picture's class in them, int64 (N,).

    numbered: the samples state numbers, which are the labels, whatever classes occur.
    """

    pictures: Pictures
    names: list[str]
    labels: np.ndarray
    numbered: bool = False

    def by(self, names: Sequence[str], where: Path) -> "Collection":
        """With labels that are places in `names`: those of the training split. ValueError for a class that is not there."""
        if self.numbered:
            if list(names) != [str(number) for number in range(len(names))]:
                raise ValueError(f"{where}: its samples state numbers, but training pictures have names of classes")
            return Collection(self.pictures, list(names), self.labels, numbered=True)
        places = {name: place for place, name in enumerate(names)}
        if strange := [name for name in self.names if name not in places]:
            raise ValueError(f"{where}: no training pictures for the class {strange[0]!r}; add some or remove it")
        table = np.array([places[name] for name in self.names], np.int64)
        return Collection(self.pictures, list(names), table[self.labels])

    def select(self, rows: np.ndarray) -> "Collection":
        return Collection(self.pictures.select(rows), self.names, self.labels[rows], self.numbered)

    def complete(self, where: Path, on_error: str) -> "Collection":
        """Itself. ValueError for a class without pictures, unless on_error is "skip": then it is told, and the pictures know.

        A gap in the numbers of samples is such a class.
        """
        lacking, known = np.ones(len(self.names), bool), set(self.pictures.empty)
        lacking[self.labels[(self.labels >= 0) & (self.labels < len(self.names))]] = False
        new = [name for place in np.flatnonzero(lacking) if f"{where}/{(name := self.names[place])}" not in known]
        if not new:
            return self
        told = f"{where}: no pictures of the class {new[0]!r}{f' and {len(new) - 1:,} others' if new[1:] else ''}"
        if on_error == "raise":
            why = (
                f"numbers go from 0 to {len(self.names) - 1} without gaps"
                if self.numbered
                else "every class needs some"
            )
            raise ValueError(f"{told}; {why}")
        print_skipped(told)
        self.pictures.empty = (*self.pictures.empty, *(f"{where}/{name}" for name in new))
        return self


def all_archives(root: Path) -> list[Path]:
    """Tars or zips in a folder, sorted. ValueError where there are both."""
    return of_one_kind([path for path in entries_of(root) if is_archive(path)])


def archives_of(root: Path, part: str) -> list[Path]:
    """Those that are called after a part: train.tar, train-0007.tar, imagenet1k-train-0007.tar, test.zip ..."""
    called = [path for path in entries_of(root) if part in parts_in(path)]
    if compressed := [path for path in called if COMPRESSED.search(path.name.lower())]:
        why = "a compressed archive cannot be read where it lies"
        raise ValueError(f"{compressed[0]}: {why}; make it a plain .tar or a .zip")
    found = [path for path in called if is_archive(path)]
    if double := [path for path in found if len(parts_in(path)) > 1]:
        raise ValueError(
            f"{double[0]}: called after {' and '.join(sorted(parts_in(double[0])))}; which is it? rename it"
        )
    return of_one_kind(found)


def parts_in(path: Path) -> set[str]:
    """Which parts an archive is called after; latest.tar is none of a test split."""
    return set(re.findall(r"(?<![a-z])(?:train|test|val)", path.stem.lower()))


def entries_of(root: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing where there is none."""
    return sorted(root.iterdir()) if root.is_dir() else []


def is_archive(path: Path) -> bool:
    return path.suffix.lower() in READERS and not hidden(path.name)


def of_one_kind(archives: list[Path]) -> list[Path]:
    for path in archives:
        if path.suffix.lower() != archives[0].suffix.lower():
            raise ambiguous(archives[0], path)
    return archives


def ambiguous(one: Path, other: Path) -> ValueError:
    return ValueError(f"{one} and {other} lie side by side; they may hold the same pictures: keep one of the two there")


def has_part(root: Path, part: str) -> bool:
    return (root / part).is_dir() or bool(archives_of(root, part))


def in_folders(root: Path, part: str) -> bool:
    """Or in archives? Folders are what is asked for where there is neither. ValueError where there are both."""
    archives = archives_of(root, part)
    if archives and (root / part).is_dir():
        raise ambiguous(root / part, archives[0])
    return not archives


def collection(root: Path, part: str, on_error: str = "raise", names: Sequence[str] | None = None) -> Collection:
    """Of root/part/CLASS/ or of the archives that are called after the part; none of its classes is without pictures.

    names: of the classes, where those of another part count.
    """
    folders = in_folders(root, part)
    found = from_folders(root / part, on_error) if folders else from_archives(archives_of(root, part), on_error)
    found = found if names is None else found.by(names, root / part)
    return found.complete(root / part, on_error)


def from_folders(root: Path, on_error: str = "raise") -> Collection:
    """A folder a class; a class without pictures is an error, unless on_error is "skip"."""
    names = subfolders(root)
    check_beside(root)
    found = [pictures(root / name, on_error) for name in names]
    labels = np.repeat(np.arange(len(found)), [len(class_) for class_ in found])
    files = Files([path for class_ in found for path in class_], data_folder())
    return Collection(files, names, labels).complete(root, on_error)


def from_archives(archives: Sequence[Path], on_error: str = "raise") -> Collection:
    """Classes as the samples state them; else each folder in the archives is one, or each archive where none has folders."""
    members = open_archives(archives, on_error)
    if not len(members):
        raise ValueError(f"{archives[0]}: no pictures in it ({', '.join(SUFFIXES)})")
    if members.stated.any():
        return by_statement(members)
    if members.index.folders != [""]:
        check_side_by_side(members)
        return by_group(members, [folder.rsplit("/", 1)[-1] for folder in members.index.folders], members.folders)
    if len(archives) > 1:
        return by_group(members, [path.stem for path in archives], members.archives)
    raise ValueError(f"{archives[0]}: its pictures are in no folders and state no class; nothing says what they show")


def by_statement(members: Members) -> Collection:
    stated = members.classes.astype(np.int64)
    if not members.stated.all():
        without = members.name(int(np.argmin(members.stated)))
        raise ValueError(f"{without}: no .cls or .json beside it states its class, as those of others do")
    return Collection(members, [str(number) for number in range(stated.max() + 1)], stated, numbered=True)


def by_group(members: Members, group_names: Sequence[str], groups: np.ndarray) -> Collection:
    """groups (N,): places in group_names, of which some may be the same class."""
    names = sorted({group_names[group] for group in np.unique(groups)})
    places = {name: place for place, name in enumerate(names)}
    return Collection(members, names, np.array([places.get(name, -1) for name in group_names])[groups])


def check_side_by_side(members: Members) -> None:
    """ValueError unless the class folders of an archive lie in one folder, and those of all archives equally deep."""
    parents: dict[str, int] = {}
    parent = [parents.setdefault(folder.rpartition("/")[0], len(parents)) for folder in members.index.folders]
    depth = [folder.count("/") if folder else -1 for folder in members.index.folders]
    parent, depth, archive = np.array(parent)[members.folders], np.array(depth)[members.folders], members.archives
    apart = (np.diff(parent) != 0) & (np.diff(archive) == 0) | (np.diff(depth) != 0)
    if apart.any():
        row = int(np.argmax(apart))
        one, other = members.name(row), members.name(row + 1)
        raise ValueError(f"{one} and {other}: of which class? class folders lie side by side, with no folders in them")
