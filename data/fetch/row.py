"""A row of the ledger: what is known of a data set before it is downloaded."""

import importlib.util
from dataclasses import dataclass

from data.disk.folder import data_folder
from data.fetch.sources import File

GENERATED, PACKAGE, FETCHED, MANUAL = "generated", "with a package", "fetched", "manual download"  # sources of a set
INSTALLED_AS = {"sklearn": "scikit-learn"}  # import name -> pip's name, where they differ
BESIDE = (".part", ".sha256", ".lock")  # suffixes of what a download writes besides the file itself


@dataclass(frozen=True, kw_only=True)
class Row:
    """One set. Sizes are in bytes; splits in images, as the publisher counts them."""

    title: str
    source: str  # GENERATED, PACKAGE, FETCHED or MANUAL
    page: str  # the publisher's page; for a manual download where to get it
    terms: str  # licence, or 'see its page' where that is not plain
    images: dict[str, int]
    classes: int | None  # None: as many as requested
    bytes: int = 0  # to download; 0 if nothing is, or if the publisher does not say
    # Alternatives: the set is present if the data folder has a match for every glob pattern of one of them.
    patterns: tuple[tuple[str, ...], ...] = ()
    put: str = ""  # for a manual download: what to put into the data folder, and under which name
    package: str | None = None  # import name of the package that reads it
    aliases: tuple[str, ...] = ()  # short names besides that of its class
    files: tuple[File, ...] = ()

    def present(self) -> bool:
        """Do its files exist? Only names are compared, nothing is opened."""
        if self.source == PACKAGE:
            return importlib.util.find_spec(self.package) is not None
        return self.source == GENERATED or any(all(map(exists, patterns)) for patterns in self.patterns)

    @property
    def missing_package(self) -> str | None:
        """pip's name of the package to install before the set can be read, or None."""
        missing = self.package and importlib.util.find_spec(self.package) is None
        return INSTALLED_AS.get(self.package, self.package) if missing else None

    def how(self) -> str:
        """How to get the set, as part of a line."""
        return {
            GENERATED: "generated",
            PACKAGE: f"comes with {INSTALLED_AS.get(self.package, self.package)}",
            FETCHED: "can be fetched",
            MANUAL: f"manual download: {self.page}; put {self.put} in {data_folder()}",
        }[self.source]


def exists(pattern: str) -> bool:
    """Does a file or folder match? An absolute pattern may lie outside the data folder."""
    path = data_folder() / pattern
    return any(match.suffix not in BESIDE for match in path.parent.glob(path.name))
