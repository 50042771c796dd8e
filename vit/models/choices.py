"""Options that are chosen by name from a dict."""

from collections.abc import Iterable

from vit.errors import nearest


def choose(table: dict, name: str, option: str):
    """The value under a name; ValueError with the nearest match and all known names."""
    if name not in table:
        raise ValueError(unknown(option, name, table))
    return table[name]


def unknown(option: str, name: str, known: Iterable) -> str:
    """The message for an unknown name."""
    return f"unknown {option} {name!r}{nearest(name, known) or '.'} Known: {', '.join(map(str, known))}"
