"""The one exception that people are meant to read: what, where, what to do, in one line."""


class UserError(Exception):
    """A mistake or a missing thing outside the code; printed as one line, no traceback."""


def reason(error):
    """One line of any error; where jsonargparse lists several, the first of them says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    listed = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    return (listed or lines)[0]
