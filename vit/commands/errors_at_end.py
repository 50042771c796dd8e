"""Errors of single experiments, records or pictures: the rest of a command is done, they are told at its end."""

import sys
from collections.abc import Sequence


def print_errors(errors: Sequence[str]) -> None:
    for error in errors:
        print(f"error: {error}", file=sys.stderr)


def exit_if_any(errors: Sequence[str]) -> None:
    """Print them, and exit with 1 if there are any."""
    print_errors(errors)
    if errors:
        sys.exit(1)
