"""Titles that break where a picture ends, whatever the name of the checkpoint."""

from textwrap import fill

from vit.report.pictures.arrangement import CHARACTER


def wrapped(title: str, inches: float) -> str:
    """Its lines, none longer than a picture of that width."""
    return "\n".join(fill(line, int(inches / CHARACTER)) for line in title.splitlines())
