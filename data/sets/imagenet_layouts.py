"""Where the parts of ImageNet lie in the layouts that people have, and what to do with one that is not read."""

from pathlib import Path

from data.disk.folder import data_folder
from data.pictures.archives.listing import READERS
from data.pictures.archives.member_paths import hidden
from data.pictures.class_folders import is_picture, picture_files
from data.pictures.classes import COMPRESSED, all_archives, ambiguous, entries_of, has_part, parts_in
from data.pictures.pictures import Files

OFFICIAL = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}
KAGGLE_FOLDER = "ILSVRC/Data/CLS-LOC"  # of its zip, unpacked
HOW = (
    "bring the official tars (image-net.org, a login), folders train/CLASS/ and val/CLASS/, or WebDataset tars"
    " (imagenet1k-train-0000.tar ...)"
)


def parts_folder(root: Path) -> Path:
    """The folder with the two parts: the set's, or the one in it that Kaggle's zip unpacks to."""
    kaggle = root / KAGGLE_FOLDER
    if not kaggle.is_dir():
        return root
    for part in ("train", "val"):
        if has_part(root, part):
            raise ambiguous(root, kaggle)
    return kaggle


def archives_in_folder(inside: Path, part: str) -> list[Path]:
    """Tars of a class each, or WebDataset tars, in the folder of a part that has no class folders."""
    if not (inside / part).is_dir() or any(
        path.is_dir() and not hidden(path.name) for path in entries_of(inside / part)
    ):
        return []
    return all_archives(inside / part)


def flat_folder(inside: Path, part: str) -> Files | None:
    """The pictures of a part that has no class folders, sorted by name, if it is such a folder."""
    entries = entries_of(inside / part)
    if any(path.is_dir() and not hidden(path.name) for path in entries):
        return None
    return (
        Files(picture_files(inside / part), data_folder()) if any(is_picture(path.name) for path in entries) else None
    )


def missing(root: Path, part: str) -> FileNotFoundError:
    """What lies in the place of the part, and what to do with it."""
    told = f"ImageNet's {part} part is not in {root}"
    if packed := whole_set(root):
        return FileNotFoundError(f"{told}, but {packed} is: if it is the whole set, unpack it in {root}; or {HOW}")
    if deeper := next(iter(sorted(root.glob(f"*/{part}"))), None):
        return FileNotFoundError(f"{told}, but in {deeper.parent}: move what that holds one folder up")
    if part == "val" and (other := [root / name for name in ("validation", "valid", "test") if (root / name).is_dir()]):
        return FileNotFoundError(
            f"{told}: if {other[0]} holds the 50,000 validation images, rename it to val; or {HOW}"
        )
    lying = [path.name for path in entries_of(root) if not hidden(path.name)]
    here = f" (what lies there: {', '.join(lying[:3])}{' ...' if lying[3:] else ''})" if lying else ""
    return FileNotFoundError(f"{told}{here}: {HOW}")


def whole_set(root: Path) -> Path | None:
    """An archive that may hold both parts: one in the folder that is called after none, or one beside the folder."""
    beside = [
        path for path in entries_of(root.parent) if path.name.lower().startswith(("imagenet.", "imagenet-object"))
    ]
    for path in (*entries_of(root), *beside):
        packed = path.suffix.lower() in READERS or COMPRESSED.search(path.name.lower())
        other = parts_in(path) or "devkit" in path.name.lower() or hidden(path.name)
        if packed and path.is_file() and not other:
            return path
    return None
