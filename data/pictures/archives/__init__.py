"""Tars and zips read in place: their members are listed once, into an index, and then read in any order; never unpacked."""

from data.pictures.archives.members import Members, opened

__all__ = ["Members", "opened"]
