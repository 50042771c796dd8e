"""The data folder."""

import os
from pathlib import Path


def data_folder() -> Path:
    """$VIT_DATA, else data/downloads (ignored by git). Read at each call, so that tests can point it elsewhere."""
    return Path(os.environ.get("VIT_DATA") or Path(__file__).parents[1] / "downloads")
