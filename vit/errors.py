"""The one exception that people are meant to read: what, where, what to do, in one line."""


class UserError(Exception):
    """A mistake or a missing thing outside the code; printed as one line, no traceback."""


def reason(error):
    """One line of any error; where jsonargparse lists several, the first of them says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    first = next((position for position, line in enumerate(lines) if line.startswith("- ")), 0)
    told = lines[first].removeprefix("- ")
    while told.endswith(":") and first + 1 < len(lines):
        first += 1
        told += " " + lines[first].removeprefix("- ")
    return told
