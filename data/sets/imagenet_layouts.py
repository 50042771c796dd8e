"""The folder layouts in which ImageNet is found, and advice on those that cannot be read."""

from pathlib import Path

from data.disk.folder import data_folder
from data.pictures.archives.listing import READERS
from data.pictures.archives.member_paths import hidden
from data.pictures.class_folders import is_picture, picture_files
from data.pictures.classes import COMPRESSED, all_archives, ambiguous, entries_of, has_part, parts_in
from data.pictures.pictures import Files

OFFICIAL = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}
KAGGLE_FOLDER = "ILSVRC/Data/CLS-LOC"  # of its zip, unpacked
LAYOUTS = (
    "the official tars (image-net.org, a login), folders train/CLASS/ and val/CLASS/, or WebDataset tars"
    " (imagenet1k-train-0000.tar ...)"
)


def parts_folder(root: Path) -> Path:
    """The folder of the two parts: `root`, or the subfolder that Kaggle's zip unpacks to."""
    kaggle = root / KAGGLE_FOLDER
    if not kaggle.is_dir():
        return root
    for part in ("train", "val"):
        if has_part(root, part):
            raise ambiguous(root, kaggle)
    return kaggle


def has_subfolders(folder: Path) -> bool:
    return any(path.is_dir() and not hidden(path.name) for path in entries_of(folder))


def archives_in_folder(root: Path, part: str) -> list[Path]:
    """Tars of one class each, or WebDataset tars, in the folder of a part without class folders."""
    folder = root / part
    return all_archives(folder) if folder.is_dir() and not has_subfolders(folder) else []


def flat_folder(root: Path, part: str) -> Files | None:
    """The pictures in the folder of a part, sorted by name; None if it has class folders or no pictures."""
    folder = root / part
    if has_subfolders(folder) or not any(is_picture(path.name) for path in entries_of(folder)):
        return None
    return Files(picture_files(folder), data_folder())


def missing(root: Path, part: str) -> FileNotFoundError:
    """The error for a missing part, with advice on what is in the folder instead."""
    if archive := whole_set(root):
        return FileNotFoundError(
            f"ImageNet's {part} part is missing in {root}, but {archive} exists: if it is the whole set, unpack it in"
            f" {root}; otherwise provide {LAYOUTS}"
        )
    if nested := next(iter(sorted(root.glob(f"*/{part}"))), None):
        return FileNotFoundError(
            f"ImageNet's {part} part is missing in {root}, but {nested} exists: move the content of {nested.parent}"
            " one folder up"
        )
    if part == "val" and (other := [root / name for name in ("validation", "valid", "test") if (root / name).is_dir()]):
        return FileNotFoundError(
            f"ImageNet's val part is missing in {root}: if {other[0]} has the 50,000 validation images, rename it to"
            f" val; otherwise provide {LAYOUTS}"
        )
    names = [path.name for path in entries_of(root) if not hidden(path.name)]
    content = f"{', '.join(names[:3])}{' ...' if names[3:] else ''}" or "nothing"
    return FileNotFoundError(
        f"ImageNet's {part} part is missing in {root} (which contains {content}): provide {LAYOUTS}"
    )


def whole_set(root: Path) -> Path | None:
    """An archive that may hold both parts: in the folder without the name of a part, or beside the folder."""
    beside = [
        path for path in entries_of(root.parent) if path.name.lower().startswith(("imagenet.", "imagenet-object"))
    ]
    for path in (*entries_of(root), *beside):
        archive = path.suffix.lower() in READERS or COMPRESSED.search(path.name.lower())
        other = parts_in(path) or "devkit" in path.name.lower() or hidden(path.name)
        if archive and path.is_file() and not other:
            return path
    return None
