"""Which parts (train, test, val) a folder of pictures has; what is not used is printed or an error, never ignored."""

from collections.abc import Sequence
from pathlib import Path

from data.pictures.class_folders import contents, files_below
from data.pictures.classes import COMPRESSED, entries_of, has_part, is_archive, parts_in
from data.pictures.decode import one_line
from data.pictures.harmless import harmless
from data.pictures.skipped import print_once

PARTS = ("train", "test", "val")
TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl")  # files in which people keep labels
NAMED = 3  # tables that a message names


def name_of_test_part(root: Path) -> str:
    """ "test", or "val" if there is no test; prints which of the two is used."""
    if not has_part(root, "val"):
        return "test"
    if has_part(root, "test"):
        print_once(f"{root}: val is not used: validation images are held out from train, and test is the test part")
        return "test"
    print_once(f"{root}: no test part, so val is used as it; validation images are held out from train")
    return "val"


def print_unused(root: Path) -> None:
    """Prints the entries beside the parts, in one line."""
    names = [path.name for path in entries_of(root) if not harmless(path.name) and not belongs(path)]
    if names:
        print_once(f"{root}: not used, as not named after a part (train, test, val): {one_line(', '.join(names))}")


def belongs(path: Path) -> bool:
    return path.name in PARTS if path.is_dir() else is_archive(path) and bool(parts_in(path))


def check_unpacked(root: Path) -> None:
    """ValueError for an archive of the whole set, in the folder or beside it, if there are no folders of pictures."""
    entries = entries_of(root)
    if any(path.is_dir() and not harmless(path.name) for path in entries):
        return
    beside = [path for path in entries_of(root.parent) if path.name.startswith(f"{root.name}.")]
    for path in (*entries, *beside):
        if is_archive(path) or COMPRESSED.search(path.name.lower()):
            raise ValueError(
                f"{path} is an archive, and {root} has no train part and no class folders; unpack the archive in {root},"
                " or name plain tars or zips after their part: train.tar, test.tar"
            )


def check_two_classes(classes: Sequence[str], name: Path, root: Path) -> None:
    """ValueError for a part with fewer than two classes, on which any model is always right."""
    if len(classes) > 1:
        return
    tables = [str(path.relative_to(root)) for path in files_below(root) if path.suffix.lower() in TABLES]
    names = one_line(", ".join(tables[:NAMED]))
    unread = f"; labels are not read from {names} in {root}, only from folders" if tables else ""
    number = f"only one class, {classes[0]!r}" if classes else "no class"
    raise ValueError(f"{name}: pictures of {number}; a part needs two classes or more{unread}")


def missing_train(root: Path) -> str:
    """What to do about a folder without a train part, for which test_share is not set."""
    return (
        f"no train/ folder and no train*.tar; it contains {contents(root)}; either add train and test (or val), or sort"
        " the pictures into a folder for each class and set test_share, such as 0.2"
    )
