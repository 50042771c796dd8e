"""The pictures that the arguments of a command stand for: files, and folders with all pictures below them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.pictures.class_folders import files_below, is_picture
from data.pictures.decode import SUFFIXES
from data.pictures.harmless import harmless
from vit.errors import UserError

MAP = ".map.png"  # ending of what an earlier prediction has drawn
ARRAYS = "inspect.npz"  # stands in each folder that an inspection has written
DRAWN = ("rollout-", "heads-", "distance.png", "filters.png", "singular-values.png", "positions.png")  # there, or below


@dataclass(frozen=True)
class Picture:
    """A path as it was given, and a name for files about it: NAME.map.png. Of a picture below a folder, its path in that."""

    path: Path
    name: str


def list_pictures(arguments: Sequence[str]) -> tuple[list[Picture], list[Path]]:
    """(pictures in the order of the arguments, sorted below a folder; files among them that are no known pictures).

    No file is opened. UserError for a folder without pictures.
    """
    pictures, others = [], []
    for path in dict.fromkeys(map(Path, arguments)):  # each once
        if path.is_dir():
            files = without_drawn(files_below(path))
            found = sorted(file for file in files if is_picture(file.name))
            if not found:
                raise UserError(f"{path}: no pictures in this folder or below it ({', '.join(SUFFIXES)})")
            pictures += [(file, file.relative_to(path).with_suffix("")) for file in found]
            others += [file for file in files if not is_picture(file.name) and not harmless(file.name)]
        else:
            pictures.append((path, Path(path.stem)))
    names = distinct(str(name) for _, name in pictures)
    return [Picture(path, name) for (path, _), name in zip(pictures, names, strict=True)], others


def without_drawn(files: Iterable[Path]) -> list[Path]:
    """The files but for what earlier predictions and inspections have drawn."""
    files = list(files)
    inspections = {file.parent for file in files if file.name == ARRAYS}
    inspected = {file for file in files if file.name.startswith(DRAWN) and not inspections.isdisjoint(file.parents)}
    return [file for file in files if not file.name.endswith(MAP) and file not in inspected]


def left_out(others: Sequence[Path]) -> list[str]:
    """A line that names the first of these files and counts the rest; none for no files."""
    more = f" and {len(others) - 1:,} more" if others[1:] else ""
    return [f"left out, no known pictures: {others[0]}{more}"] if others else []


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with -2, -3 ... behind a name that stands before it."""
    given, counts = set(), Counter()
    result = []
    for name in names:
        new = name
        while new in given:
            counts[name] += 1
            new = f"{name}-{counts[name] + 1}"
        given.add(new)
        result.append(new)
    return result
