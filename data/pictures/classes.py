"""Pictures with class labels: from a folder for each class, or from archives of such folders or of WebDataset samples.

Folders and archives of the same pictures give the same labels.
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
from data.pictures.class_folders import check_beside, picture_files, subfolders
from data.pictures.decode import SUFFIXES
from data.pictures.pictures import Files, Pictures
from data.pictures.skipped import print_skipped

COMPRESSED = re.compile(r"\.(?:tgz|tbz2?|txz|7z|rar|tar\.\w+)$")


@dataclass
class Collection:
    """N pictures, the names of the classes, and labels int64 (N,), which are indices into these names.

    numbered: labels are the numbers that samples state, whichever of them occur.
    """

    pictures: Pictures
    names: list[str]
    labels: np.ndarray
    numbered: bool = False

    def relabelled(self, names: Sequence[str], path: Path) -> "Collection":
        """With labels that are indices into `names`, those of the training split. ValueError for a class not in them."""
        if self.numbered:
            if list(names) != [str(number) for number in range(len(names))]:
                raise ValueError(f"{path}: its samples state class numbers, but training pictures have class names")
            return Collection(self.pictures, list(names), self.labels, numbered=True)
        label_of = {name: label for label, name in enumerate(names)}
        if unknown := [name for name in self.names if name not in label_of]:
            raise ValueError(f"{path}: no training pictures for the class {unknown[0]!r}; add some or remove the class")
        table = np.array([label_of[name] for name in self.names], np.int64)
        return Collection(self.pictures, list(names), table[self.labels])

    def select(self, rows: np.ndarray) -> "Collection":
        return Collection(self.pictures.select(rows), self.names, self.labels[rows], self.numbered)

    def complete(self, path: Path, on_error: str) -> "Collection":
        """Itself. ValueError for a class without pictures; with on_error "skip" it is printed and counted instead."""
        lacking, counted = np.ones(len(self.names), bool), set(self.pictures.empty)
        lacking[self.labels[(self.labels >= 0) & (self.labels < len(self.names))]] = False
        new = [self.names[label] for label in np.flatnonzero(lacking)]
        new = [name for name in new if f"{path}/{name}" not in counted]
        if not new:
            return self
        others = f" and {len(new) - 1:,} others" if new[1:] else ""
        if on_error == "raise" and self.numbered:
            raise ValueError(
                f"{path}: no pictures of the class {new[0]!r}{others}; numbers must go from 0 to {len(self.names) - 1}"
                " without gaps"
            )
        if on_error == "raise":
            raise ValueError(f"{path}: no pictures of the class {new[0]!r}{others}; every class needs some")
        print_skipped(f"{path}: no pictures of the class {new[0]!r}{others}")
        self.pictures.empty = (*self.pictures.empty, *(f"{path}/{name}" for name in new))
        return self


def all_archives(root: Path) -> list[Path]:
    """Tars or zips in a folder, sorted. ValueError if there are both."""
    return of_one_kind([path for path in entries_of(root) if is_archive(path)])


def archives_of(root: Path, part: str) -> list[Path]:
    """The archives named after a part: train.tar, train-0007.tar, imagenet1k-train-0007.tar, test.zip ..."""
    paths = [path for path in entries_of(root) if part in parts_in(path)]
    if compressed := [path for path in paths if COMPRESSED.search(path.name.lower())]:
        raise ValueError(
            f"{compressed[0]}: a compressed archive cannot be read in place; convert it to a plain .tar or a .zip"
        )
    archives = [path for path in paths if is_archive(path)]
    if double := [path for path in archives if len(parts_in(path)) > 1]:
        raise ValueError(
            f"{double[0]}: named after two parts, {' and '.join(sorted(parts_in(double[0])))}; rename it to one of them"
        )
    return of_one_kind(archives)


def parts_in(path: Path) -> set[str]:
    """Parts in an archive's name. A letter before them makes another word: latest.tar is no test part."""
    return set(re.findall(r"(?<![a-z])(?:train|test|val)", path.stem.lower()))


def entries_of(root: Path) -> list[Path]:
    """Entries of a folder, sorted; none if it does not exist."""
    return sorted(root.iterdir()) if root.is_dir() else []


def is_archive(path: Path) -> bool:
    return path.suffix.lower() in READERS and not hidden(path.name)


def of_one_kind(archives: list[Path]) -> list[Path]:
    for path in archives:
        if path.suffix.lower() != archives[0].suffix.lower():
            raise ambiguous(archives[0], path)
    return archives


def ambiguous(path: Path, other: Path) -> ValueError:
    return ValueError(f"{path} and {other} may hold the same pictures; keep only one of the two in this folder")


def has_part(root: Path, part: str) -> bool:
    return (root / part).is_dir() or bool(archives_of(root, part))


def in_folders(root: Path, part: str) -> bool:
    """False if the part is in archives; True if it is in folders or missing. ValueError if it is in both."""
    archives = archives_of(root, part)
    if archives and (root / part).is_dir():
        raise ambiguous(root / part, archives[0])
    return not archives


def collection(root: Path, part: str, on_error: str = "raise", names: Sequence[str] | None = None) -> Collection:
    """The part in root/PART/CLASS/ or in the archives named after it; every class has pictures, as on_error has it.

    names: the classes of the training part, if this is another one.
    """
    in_archives = not in_folders(root, part)
    pictures = from_archives(archives_of(root, part), on_error) if in_archives else from_folders(root / part, on_error)
    pictures = pictures if names is None else pictures.relabelled(names, root / part)
    return pictures.complete(root / part, on_error)


def from_folders(root: Path, on_error: str = "raise") -> Collection:
    """A folder for each class."""
    names = subfolders(root)
    check_beside(root)
    files = [picture_files(root / name, on_error) for name in names]
    labels = np.repeat(np.arange(len(files)), [len(of_class) for of_class in files])
    pictures = Files([path for of_class in files for path in of_class], data_folder())
    return Collection(pictures, names, labels).complete(root, on_error)


def from_archives(archives: Sequence[Path], on_error: str = "raise") -> Collection:
    """Classes that samples state; else folders in the archives; else, if there are no folders, the archives."""
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
    raise ValueError(f"{archives[0]}: its pictures have no class; put them into class folders or add .cls files")


def by_statement(members: Members) -> Collection:
    stated = members.classes.astype(np.int64)
    if not members.stated.all():
        unstated = members.name(int(np.argmin(members.stated)))
        raise ValueError(f"{unstated}: no .cls or .json file states its class, as for other pictures; add one")
    return Collection(members, [str(number) for number in range(stated.max() + 1)], stated, numbered=True)


def by_group(members: Members, group_names: Sequence[str], groups: np.ndarray) -> Collection:
    """groups (N,): indices into group_names. Groups of the same name are one class."""
    names = sorted({group_names[group] for group in np.unique(groups)})
    label_of = {name: label for label, name in enumerate(names)}
    # -1 for groups without pictures, which no label refers to
    return Collection(members, names, np.array([label_of.get(name, -1) for name in group_names])[groups])


def check_side_by_side(members: Members) -> None:
    """ValueError unless the class folders of an archive share one parent, and those of all archives are equally deep."""
    parents: dict[str, int] = {}
    parent = [parents.setdefault(folder.rpartition("/")[0], len(parents)) for folder in members.index.folders]
    depth = [folder.count("/") if folder else -1 for folder in members.index.folders]
    parent, depth, archive = np.array(parent)[members.folders], np.array(depth)[members.folders], members.archives
    apart = (np.diff(parent) != 0) & (np.diff(archive) == 0) | (np.diff(depth) != 0)
    if apart.any():
        row = int(np.argmax(apart))
        raise ValueError(
            f"{members.name(row)} and {members.name(row + 1)} are in folders at different levels, so their classes are"
            " unclear; put all class folders into one folder, with no folders in them"
        )
