"""Errors of writing files that were asked for, as one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vit.errors import UserError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A full disk and a folder that may not be written to become a UserError; what was written before stays."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); make room or name another folder with --out"
        ) from None
