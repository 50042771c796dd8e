"""Pictures sorted into classes as people keep them: a folder a class, or archives with such folders or WebDataset samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.archives import Members, opened
from data.archives.listing import MEMBERS, UNSTATED
from data.decode import SUFFIXES
from data.folder import data_folder
from data.pictures import Files, Pictures


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
            return self
        places = {name: place for place, name in enumerate(names)}
        if strange := [name for name in self.names if name not in places]:
            raise ValueError(f"{where}: no training pictures for the class {strange[0]!r}; add some or remove it")
        table = np.array([places[name] for name in self.names], np.int64)
        return Collection(self.pictures, list(names), table[self.labels])

    def only(self, rows: np.ndarray) -> "Collection":
        return Collection(self.pictures.only(rows), self.names, self.labels[rows], self.numbered)


def all_archives(root: Path) -> list[Path]:
    """Tars and zips in a folder, sorted."""
    return sorted(path for path in root.iterdir() if path.suffix.lower() in MEMBERS) if root.is_dir() else []


def archives_of(root: Path, part: str) -> list[Path]:
    """Those that are called after a part: train.tar, train-0007.tar, imagenet1k-train-0007.tar, test.zip ..."""
    return [path for path in all_archives(root) if part in path.stem.lower()]


def is_there(root: Path, part: str) -> bool:
    return (root / part).is_dir() or bool(archives_of(root, part))


def in_folders(root: Path, part: str) -> bool:
    """Folders go before archives, and are what is asked for where there is neither."""
    return (root / part).is_dir() or not archives_of(root, part)


def collection(root: Path, part: str, on_error: str = "raise") -> Collection:
    """Of root/part/CLASS/ or of the archives that are called after the part."""
    if in_folders(root, part):
        return of_folders(root / part, on_error)
    return of_archives(archives_of(root, part), on_error)


def of_folders(root: Path, on_error: str = "raise") -> Collection:
    """A folder a class; a class without pictures is an error, unless on_error is "skip"."""
    names = subfolders(root)
    found = [pictures(root / name, on_error) for name in names]
    labels = np.repeat(np.arange(len(found)), [len(class_) for class_ in found])
    return Collection(Files([path for class_ in found for path in class_], data_folder()), names, labels)


def of_archives(archives: Sequence[Path], on_error: str = "raise") -> Collection:
    """Classes as the samples state them; else each folder in the archives is one, or each archive where none has folders."""
    members = opened(archives, on_error)
    if not len(members):
        raise ValueError(f"{archives[0]}: no pictures in it ({', '.join(SUFFIXES)})")
    if (members.classes != UNSTATED).any():
        return by_statement(members)
    folders = [folder.rsplit("/", 1)[-1] for folder in members.index.folders]
    if folders != [""]:
        return by_group(members, folders, members.folders)
    if len(archives) > 1:
        return by_group(members, [path.stem for path in archives], members.archives)
    raise ValueError(f"{archives[0]}: its pictures are in no folders and state no class; nothing says what they show")


def by_statement(members: Members) -> Collection:
    stated = members.classes.astype(np.int64)
    if (stated == UNSTATED).any():
        without = members.name(int(np.argmax(stated == UNSTATED)))
        raise ValueError(f"{without}: no .cls or .json beside it states its class, as those of others do")
    return Collection(members, [str(number) for number in range(stated.max() + 1)], stated, numbered=True)


def by_group(members: Members, group_names: Sequence[str], groups: np.ndarray) -> Collection:
    """groups (N,): places in group_names, of which some may be the same class."""
    names = sorted({group_names[group] for group in np.unique(groups)})
    places = {name: place for place, name in enumerate(names)}
    return Collection(members, names, np.array([places.get(name, -1) for name in group_names])[groups])


def subfolders(root: Path) -> list[str]:
    """Names of the folders, sorted."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names:
        raise ValueError(f"{root}: no class folders in it")
    return names


def pictures(folder: Path, on_error: str = "raise") -> list[Path]:
    """Files with pictures, sorted by name."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; every class needs one")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    if not found and on_error == "raise":
        raise ValueError(f"{folder}: no pictures in it ({', '.join(SUFFIXES)}); add some or remove the folder")
    return found
