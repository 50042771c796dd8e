"""Tars and zips read in place: their members are listed once, into an index, then read in any order; never unpacked."""

from data.pictures.archives.members import Members, open_archives

__all__ = ["Members", "open_archives"]
