"""A row of the ledger: what there is to know of a set before it is here."""

import importlib.util
from dataclasses import dataclass

from data.disk.folder import data_folder
from data.fetch.sources import File

MADE, PACKAGE, FETCHED, BRING = "made", "with a package", "fetched", "bring your own"  # how a set comes
INSTALLED_AS = {"sklearn": "scikit-learn"}  # package -> its name for pip, where that is another
BESIDE = (".part", ".sha256", ".lock")  # what a download leaves beside a file, or in its place


@dataclass(frozen=True, kw_only=True)
class Row:
    """One set. Sizes of downloads are in bytes, of splits in images, as the publisher counts them."""

    title: str
    way: str  # MADE, PACKAGE, FETCHED or BRING
    page: str  # where it is described, and got where it has to be brought
    terms: str  # its licence, or 'see its page' where that is not plain
    images: dict[str, int]
    classes: int | None  # None: as many as asked for
    bytes: int = 0  # to download; 0 where nothing is, or nobody says how much
    places: tuple[tuple[str, ...], ...] = ()  # it is present if all patterns of one of these lie in the data folder
    to: str = ""  # what has to be put where, for a set that has to be brought
    package: str | None = None  # what is imported to read it
    names: tuple[str, ...] = ()  # short names besides its class's
    files: tuple[File, ...] = ()

    def present(self) -> bool:
        """Are its files there, as far as their names say? Nothing is opened."""
        if self.way == PACKAGE:
            return importlib.util.find_spec(self.package) is not None
        return self.way == MADE or any(all(map(lies, patterns)) for patterns in self.places)

    @property
    def lacks(self) -> str | None:
        """What has to be installed to read it, as pip calls it."""
        missing = self.package and importlib.util.find_spec(self.package) is None
        return INSTALLED_AS.get(self.package, self.package) if missing else None

    def how(self) -> str:
        """Half a line for people: how it comes here."""
        return {
            MADE: "made",
            PACKAGE: f"comes with {INSTALLED_AS.get(self.package, self.package)}",
            FETCHED: "can be fetched",
            BRING: f"bring your own: {self.page}; put {self.to} in {data_folder()}",
        }[self.way]


def lies(pattern: str) -> bool:
    """Is there a file or folder of that name? An absolute one may lie outside the data folder."""
    path = data_folder() / pattern
    return any(found.suffix not in BESIDE for found in path.parent.glob(path.name))
