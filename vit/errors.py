"""The one exception that people are meant to read: what, where, what to do, in one line."""


class UserError(Exception):
    """A mistake or a missing thing outside the code; printed as one line, exit code 2, no traceback."""
