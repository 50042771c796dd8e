"""Which parts a folder of pictures has, and what lies in it that is not used: said, or refused, never passed over."""

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
    """ "test", or "val" where there is no test; which of them counts is said in one line."""
    if not has_part(root, "val"):
        return "test"
    if has_part(root, "test"):
        print_once(f"{root}: val is not used; held-out pictures come from train, results from test")
        return "test"
    print_once(f"{root}: there is no test, so val is the test part; held-out pictures come from train")
    return "val"


def print_unused(root: Path) -> None:
    """In one line, what lies beside the parts."""
    names = [path.name for path in entries_of(root) if not harmless(path.name) and not belongs(path)]
    if names:
        print_once(
            f"{root}: not used, since its name is that of no part (train, test, val): {one_line(', '.join(names))}"
        )


def belongs(path: Path) -> bool:
    return path.name in PARTS if path.is_dir() else is_archive(path) and bool(parts_in(path))


def check_unpacked(root: Path) -> None:
    """ValueError for an archive of everything, in the folder or beside it, where no folders of pictures are."""
    inside = entries_of(root)
    if any(path.is_dir() and not harmless(path.name) for path in inside):
        return
    beside = [path for path in entries_of(root.parent) if path.name.startswith(f"{root.name}.")]
    if whole := [path for path in (*inside, *beside) if is_archive(path) or COMPRESSED.search(path.name.lower())]:
        how = "unpack it there, or call plain tars or zips after their part, train.tar and test.tar"
        raise ValueError(f"{whole[0]} is an archive, and {root} has no train and no class folders; {how}")


def check_two_classes(classes: Sequence[str], where: Path, root: Path) -> None:
    """ValueError for pictures of one class: whatever is trained on them is right always, and means nothing."""
    if len(classes) > 1:
        return
    tables = [str(path.relative_to(root)) for path in files_below(root) if path.suffix.lower() in TABLES]
    unread = f"; {one_line(', '.join(tables[:NAMED]))} in {root} is not read: a class is a folder" if tables else ""
    which = f"one class only, {classes[0]!r}" if classes else "no class"
    raise ValueError(f"{where}: its pictures are of {which}; a part needs two or more{unread}")


def missing_train(root: Path) -> str:
    """What to do where there is no train, and no test_share."""
    return (
        f"there is no train/ in it, and no train*.tar; it holds {contents(root)}; either bring train and test (or val), or sort"
        " the pictures into a folder a class and give test_share, such as 0.2"
    )
