"""WebDataset samples: files that share a key; one is the picture, and a .cls or .json file states its class."""

import json
from collections.abc import Sequence
from pathlib import Path

from data.pictures.archives.zips import inflated

STATED = (".cls", ".json")
LARGEST = 2**20  # bytes of such a file
CLASSES = 10**6  # a larger number is taken for damage
UNSTATED = -(2**40)  # no class that a file may state


def key_of(inside: str) -> str:
    """The path up to the first dot of the file's name."""
    folder, _, name = inside.rpartition("/")
    return f"{folder}/{name.split('.', 1)[0]}"


class Statements:
    """The classes that .cls and .json files of one archive state. Wrong ones are errors only if there is such a picture."""

    def __init__(self, archive: Path):
        self.archive = archive
        self.classes: dict[str, int] = {}  # by key, as the dictionaries below
        self.cls_files: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.without_class: dict[str, str] = {}  # .json files that are invalid, or about something else

    def read(self, file, member) -> None:
        """Reads a .cls or .json member of the open archive. A large one is about something else."""
        if member.size > LARGEST:
            return
        key, position = key_of(member.inside), file.tell()
        if member.inside.lower().endswith(".cls"):
            self.cls_files[key] = member.inside
        file.seek(member.offset)
        data = file.read(member.size)
        file.seek(position)
        try:
            class_ = stated(inflated(data, LARGEST) if member.method else data, member.inside)
        except (ValueError, RecursionError):
            if member.inside.lower().endswith(".cls"):
                self.errors[key] = f"{member.inside} states no class; it must hold a whole number up to {CLASSES:,}"
            else:
                self.without_class[key] = (
                    f"{member.inside} states no class; it must hold a whole number up to {CLASSES:,}, or an object with"
                    " such a `label`"
                )
            return
        if class_ is not None and (other := self.classes.setdefault(key, class_)) != class_:
            self.errors[key] = f"{member.inside} states class {class_}, another file of the sample {other}; correct one"

    def of(self, pictures: Sequence) -> list[int]:
        """The class of each picture, UNSTATED if no file states it."""
        picture_of: dict[str, str] = {}
        return [self.class_of(member.inside, picture_of) for member in pictures]

    def check_pictured(self, pictures: Sequence) -> None:
        """ValueError for a .cls file without a picture: its sample would be missing silently. A .json may be anything."""
        keys = {key_of(member.inside) for member in pictures}
        if unpaired := next((name for key, name in self.cls_files.items() if key not in keys), None):
            raise ValueError(
                f"{self.archive}: {unpaired} states the class of a missing picture; add the picture, or remove the file"
            )

    def class_of(self, inside: str, picture_of: dict[str, str]) -> int:
        """picture_of: key -> picture, of the pictures before this one."""
        key = key_of(inside)
        if key in self.errors:
            raise ValueError(f"{self.archive}: {self.errors[key]}")
        if key not in self.classes:
            if key in self.without_class:
                raise ValueError(f"{self.archive}: {self.without_class[key]}")
            return UNSTATED
        if (other := picture_of.setdefault(key, inside)) != inside:
            raise ValueError(f"{self.archive}: {other} and {inside} are pictures of the same sample; keep one")
        return self.classes[key]


def stated(text: bytes, name: str) -> int | None:
    """The class in the text, a number or a `label`; None for a .json object without a label. ValueError for others."""
    value = json.loads(text)
    if isinstance(value, dict) and name.lower().endswith(".json"):
        if "label" not in value:
            return None
        value = value["label"]
    if type(value) is not int or abs(value) > CLASSES:  # type(), as True is an int to isinstance
        raise ValueError
    return value
