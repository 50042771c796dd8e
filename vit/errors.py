"""UserError, and one-line messages of any error."""

import difflib
import re
from collections.abc import Iterable

WORKER_ERROR = re.compile(r"Caught \w+ in .*\nOriginal Traceback ")  # torch.utils.data: raised in a DataLoader worker
EXCEPTION_NAME = re.compile(r"^[\w.]+: ")  # "ValueError: " in front of a traceback's message


class UserError(Exception):
    """A mistake in input or environment. The message is one line: what, where, what to do; no traceback is printed."""


def nearest(word: object, known: Iterable) -> str:
    """', did you mean 'X'?' if a known name is close, else ''."""
    close = difflib.get_close_matches(str(word), [str(name) for name in known], n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def reason(error: BaseException) -> str:
    """The message in one line: its first line, or the first of the causes ("- ...") that jsonargparse lists."""
    lines = [line.strip() for line in original_message(error).splitlines() if line.strip()] or [type(error).__name__]
    index = next((index for index, line in enumerate(lines) if line.startswith("- ")), 0)
    text = lines[index].removeprefix("- ")
    while text.endswith(":") and index + 1 < len(lines):  # a heading without its cause
        index += 1
        text += " " + lines[index].removeprefix("- ")
    return text


def original_message(error: BaseException) -> str:
    """str(error); for an error from a DataLoader worker, the message within the traceback that torch makes of it."""
    text = str(error)
    if not WORKER_ERROR.match(text):
        return text
    innermost = text.rpartition('\n  File "')[2].splitlines()[1:]  # the indented line of code, then "Name: message"
    start = next((index for index, line in enumerate(innermost) if not line.startswith(" ")), 0)
    return EXCEPTION_NAME.sub("", "\n".join(innermost[start:]), count=1)
