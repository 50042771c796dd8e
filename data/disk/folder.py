"""Where the bytes lie."""

import os
from pathlib import Path


def data_folder() -> Path:
    """$VIT_DATA, else data/downloads beside this file (ignored by git)."""
    return Path(os.environ.get("VIT_DATA") or Path(__file__).parents[1] / "downloads")
