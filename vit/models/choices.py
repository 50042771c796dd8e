"""Choosing by name: every table of names in this package is a dict, and a wrong name gets one line that helps."""

import difflib


def choose(table, name, what):
    """The entry of a table, or a ValueError that names the nearest match and everything that is known."""
    if name not in table:
        raise ValueError(unknown(what, name, table))
    return table[name]


def unknown(what, name, known):
    near = difflib.get_close_matches(str(name), [str(key) for key in known], n=1)
    hint = f", did you mean {near[0]!r}?" if near else "."
    return f"unknown {what} {name!r}{hint} Known: {', '.join(map(str, known))}"
