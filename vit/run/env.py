"""Whole numbers in environment variables."""

import os

from vit.errors import UserError
from vit.plan.variables import COUNTS


def env_int(name: str, default: int | None = None) -> int:
    """A number that a launcher sets; KeyError if it is missing and has no default."""
    return int(os.environ[name] if default is None else os.environ.get(name, default))


def env_whole_number(name: str, minimum: int = 0) -> int | None:
    """A number that the user sets, None if unset or empty; UserError if it is not a whole number or below `minimum`."""
    text = os.environ.get(name, "")
    if text and (not text.isdecimal() or int(text) < minimum):
        raise UserError(f"{name} must be a whole number of at least {minimum}, not {text!r}")
    return int(text) if text else None


def check_variables() -> None:
    """UserError for a variable that a run would refuse: said once, before the first run."""
    for name, least in COUNTS.items():
        env_whole_number(name, least)
