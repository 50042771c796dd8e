"""The one exception that people are meant to read: what, where, what to do, in one line."""

import difflib
import re
from collections.abc import Iterable

CAUGHT = re.compile(r"Caught \w+ in .*\nOriginal Traceback ")
RAISED = re.compile(r"^[\w.]+: ")  # how a traceback's last part starts


class UserError(Exception):
    """A mistake or a missing thing outside the code; printed as one line, no traceback."""


def nearest(word: object, known: Iterable) -> str:
    """', did you mean X?' or nothing."""
    close = difflib.get_close_matches(str(word), [str(name) for name in known], n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def reason(error):
    """One line of any error; where jsonargparse lists several, the first of them says what is wrong."""
    lines = [line.strip() for line in message(error).splitlines() if line.strip()] or [type(error).__name__]
    first = next((position for position, line in enumerate(lines) if line.startswith("- ")), 0)
    told = lines[first].removeprefix("- ")
    while told.endswith(":") and first + 1 < len(lines):
        first += 1
        told += " " + lines[first].removeprefix("- ")
    return told


def message(error):
    """The error's own words: of one in a process that loads data, torch says the whole traceback in their place."""
    text = str(error)
    if not CAUGHT.match(text):
        return text
    inmost = text.rpartition('\n  File "')[2].splitlines()[1:]  # its line of code, indented, and then the words
    start = next((position for position, line in enumerate(inmost) if not line.startswith(" ")), 0)
    return RAISED.sub("", "\n".join(inmost[start:]), count=1)
