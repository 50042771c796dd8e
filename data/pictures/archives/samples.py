"""WebDataset samples: files with one key, of which one is the picture and a .cls or .json states its class."""

import json
from collections.abc import Sequence
from pathlib import Path

from data.pictures.archives.zips import inflated

STATED = (".cls", ".json")
LARGEST = 2**20  # bytes of such a file
CLASSES = 10**6  # a class beyond it is damage
UNSTATED = -(2**40)


def key_of(inside: str) -> str:
    """The path up to the first dot of the file's name."""
    folder, _, name = inside.rpartition("/")
    return f"{folder}/{name.split('.', 1)[0]}"


class Statements:
    """What the files beside the pictures of one archive state. ValueError in one line, where it concerns a picture."""

    def __init__(self, archive: Path):
        self.archive = archive
        self.classes: dict[str, int] = {}  # by key, as the others
        self.files: dict[str, str] = {}  # .cls only
        self.wrong: dict[str, str] = {}
        self.without: dict[str, str] = {}  # .json files without one: they are about something else, or wrong

    def read(self, file, member) -> None:
        """A .cls or .json in the open archive, unless it is large."""
        if member.size > LARGEST:
            return
        key, place = key_of(member.inside), file.tell()
        if member.inside.lower().endswith(".cls"):
            self.files[key] = member.inside
        file.seek(member.offset)
        data = file.read(member.size)
        file.seek(place)
        try:
            class_ = stated(inflated(data, LARGEST) if member.method else data, member.inside)
        except (ValueError, RecursionError):
            why = f"{member.inside} states no class; it should hold a whole number, {CLASSES:,} at most"
            if member.inside.lower().endswith(".cls"):
                self.wrong[key] = why
            else:
                self.without[key] = f"{why}, or an object with such a `label`"
            return
        if class_ is not None and (other := self.classes.setdefault(key, class_)) != class_:
            self.wrong[key] = f"{member.inside} states class {class_}, another file beside it class {other}; mend one"

    def of(self, pictures: Sequence) -> list[int]:
        """The class of each, UNSTATED where no file states one."""
        pictured: dict[str, str] = {}
        return [self.class_of(member.inside, pictured) for member in pictures]

    def check_pictured(self, pictures: Sequence) -> None:
        """ValueError for a .cls file whose picture is missing: a sample would be lost in silence. A .json may be anything."""
        keys = {key_of(member.inside) for member in pictures}
        if lonely := next((name for key, name in self.files.items() if key not in keys), None):
            raise ValueError(
                f"{self.archive}: {lonely} states the class of a picture that is missing; add that, or remove the file"
            )

    def class_of(self, inside: str, pictured: dict[str, str]) -> int:
        """pictured: key -> its picture, of those before this one."""
        key = key_of(inside)
        if key in self.wrong:
            raise ValueError(f"{self.archive}: {self.wrong[key]}")
        if key not in self.classes:
            if key in self.without:
                raise ValueError(f"{self.archive}: {self.without[key]}")
            return UNSTATED
        if (other := pictured.setdefault(key, inside)) != inside:
            raise ValueError(f"{self.archive}: {other} and {inside} are pictures of one sample; leave one in it")
        return self.classes[key]


def stated(text: bytes, name: str) -> int | None:
    """The number in the text, or its `label`; None for an object of a .json file without one. ValueError if it is none."""
    value = json.loads(text)
    if isinstance(value, dict) and name.lower().endswith(".json"):
        if "label" not in value:
            return None
        value = value["label"]
    if type(value) is not int or abs(value) > CLASSES:  # True is an int, too
        raise ValueError
    return value
